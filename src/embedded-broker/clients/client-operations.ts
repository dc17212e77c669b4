import type { Client, Subscription } from 'aedes';
import { hasWill, preventWill, subscriptionOf } from '../broker/aedes-internals.js';
import { LIMITS } from '../broker/sessions/limits.js';
import type { SubscriptionLimit } from '../broker/subscription-limit.js';
import { isSharedSubscription } from '../../mqtt-strings/topic-filter.js';
import type { ClientTable } from './client-table.js';
import { CommandError, clientNotConnected, clientNotFound } from './command-error.js';
import type { DisconnectReason, DisconnectReasons } from './disconnect-reasons.js';
import type { KnownClient, Origin } from './known-client.js';

/** Retain handling, MQTT 5 section 3.8.3.1. */
const RETAIN_HANDLING = { always: 0, new: 1, never: 2 } as const;

/** How to disconnect a client. */
export interface DisconnectChoices {
  /** Whether its will is published. */
  readonly withWill: boolean;
  /** Whether a persistent session is removed, too. */
  readonly cleanSession: boolean;
  /** Only the connection that was made at this time, epoch milliseconds. */
  readonly ifConnectedSince?: number | undefined;
}

/** What became of a client that was disconnected. */
export interface Disconnected {
  readonly wasConnected: boolean;
  readonly connectedSince: number | null;
  readonly hadWill: boolean;
  readonly sessionRemoved: boolean;
}

/** A subscription on a client's behalf. */
export interface SubscriptionRequest {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly sendRetain: keyof typeof RETAIN_HANDLING;
}

/** What is done to clients on their behalf. Connections that may command are never touched. */
export class ClientOperations {
  /** The subscriptions that are being made here, to be told from those that clients make themselves. */
  readonly #made = new WeakMap<Subscription, Origin>();

  constructor(
    private readonly clients: ClientTable,
    private readonly reasons: DisconnectReasons,
    private readonly limit: SubscriptionLimit,
  ) {}

  /**
   * Disconnects a client; one that is not connected only when its session is to be removed.
   *
   * @throws {CommandError} `CLIENT_NOT_FOUND`, `CLIENT_NOT_CONNECTED`, `CLIENT_RECONNECTED`, `CONTROL_CLIENT`
   */
  async disconnect(
    clientId: string,
    choices: DisconnectChoices,
    reason: DisconnectReason = 'kicked',
  ): Promise<Disconnected> {
    const client = this.#target(clientId);
    const { connection } = client;
    if (connection === undefined && !choices.cleanSession) throw clientNotConnected();
    const { lastConnect } = client.summary;
    if (choices.ifConnectedSince !== undefined && choices.ifConnectedSince !== lastConnect) {
      throw new CommandError('CLIENT_RECONNECTED', 'Client reconnected', { lastConnect });
    }
    const isPersistent = !client.details.cleanSession;
    if (connection === undefined) {
      this.clients.forget(client);
      return { wasConnected: false, connectedSince: null, hadWill: false, sessionRemoved: isPersistent };
    }
    const hadWill = hasWill(connection);
    this.reasons.note(connection, reason, choices.cleanSession);
    if (!choices.withWill) preventWill(connection);
    await new Promise<void>((resolve) => {
      connection.close(() => {
        // In the same stretch: a new connection must not find the session.
        if (choices.cleanSession) this.clients.forget(client);
        resolve();
      });
    });
    return {
      wasConnected: true,
      connectedSince: lastConnect,
      hadWill,
      sessionRemoved: choices.cleanSession && isPersistent,
    };
  }

  /**
   * Subscribes a client, or its session.
   *
   * @throws {CommandError} `CLIENT_NOT_FOUND`, `CONTROL_CLIENT`, `NOT_SUPPORTED`, `TOO_MANY`, `INVALID`
   */
  async subscribe(
    clientId: string,
    request: SubscriptionRequest,
    origin: Origin = 'control',
  ): Promise<{ connected: boolean; existed: boolean; retained: 'sent' | 'none' }> {
    const { topic, sendRetain } = request;
    if (isSharedSubscription(topic)) {
      throw new CommandError('NOT_SUPPORTED', 'Shared subscriptions are not supported', {
        feature: 'sharedSubscriptions',
      });
    }
    if (topic.split('/').length > LIMITS.topicLevels) {
      throw new CommandError('INVALID', 'topic has too many levels', { field: 'topic' });
    }
    const client = this.#target(clientId);
    const { connection } = client;
    const existed = this.hasSubscription(client, topic);
    if (!existed && this.#countSubscriptions(client) >= LIMITS.subscriptions) {
      throw new CommandError('TOO_MANY', `Client has ${LIMITS.subscriptions} subscriptions already`, {
        limit: LIMITS.subscriptions,
      });
    }
    const subscription = toSubscription(request);
    if (connection === undefined) {
      await this.clients.sessions.addSubscriptions({ id: clientId }, [subscription]);
      client.setOrigin(topic, origin);
      return { connected: false, existed, retained: 'none' };
    }
    const wantsRetained = sendRetain === 'always' || (sendRetain === 'new' && !existed);
    if (!wantsRetained) this.clients.sessions.withholdRetained(subscription);
    const retained = wantsRetained && (await this.clients.sessions.holdsRetained(topic)) ? 'sent' : 'none';
    this.#made.set(subscription, origin);
    this.limit.trust(subscription);
    await whileConnected(connection, (done) => connection.subscribe({ subscriptions: [subscription] }, done));
    return { connected: true, existed, retained };
  }

  /**
   * Unsubscribes a client, or its session.
   *
   * @throws {CommandError} `CLIENT_NOT_FOUND`, `CONTROL_CLIENT`
   */
  async unsubscribe(clientId: string, topic: string): Promise<{ absent: boolean }> {
    const client = this.#target(clientId);
    const { connection } = client;
    const absent = !this.hasSubscription(client, topic);
    client.dropOrigin(topic);
    // aedes does so only when the client itself unsubscribes; the subscription would be back after a reconnect.
    if (!client.details.cleanSession) {
      await this.clients.sessions.removeSubscriptions({ id: clientId }, [topic]);
    }
    if (connection !== undefined) {
      await whileConnected(connection, (done) =>
        connection.unsubscribe({ cmd: 'unsubscribe', unsubscriptions: [topic] }, done),
      );
    }
    return { absent };
  }

  /** Whether the client, or its session, is subscribed to exactly this filter. */
  hasSubscription({ clientId, connection }: KnownClient, topic: string): boolean {
    const subscription =
      connection === undefined
        ? this.clients.sessions.subscriptionOf(clientId, topic)
        : subscriptionOf(connection, topic);
    return subscription !== undefined;
  }

  /** Call it when aedes tells of subscriptions: notes who made them. */
  noteSubscribed(client: KnownClient, subscriptions: readonly Subscription[]): void {
    for (const subscription of subscriptions) {
      const origin = this.#made.get(subscription);
      if (origin === undefined) client.dropOrigin(subscription.topic);
      else client.setOrigin(subscription.topic, origin);
    }
  }

  #target(clientId: string): KnownClient {
    const client = this.clients.get(clientId);
    if (client === undefined) throw clientNotFound();
    if (client.isControl) throw new CommandError('CONTROL_CLIENT', 'Client is a control connection');
    // Going, and gone in the next turn: as if it were.
    if (client.connection === undefined && client.summary.connected && client.details.cleanSession) {
      throw clientNotFound();
    }
    return client;
  }

  #countSubscriptions({ clientId, connection }: KnownClient): number {
    return connection === undefined
      ? this.clients.sessions.countSubscriptions(clientId)
      : this.limit.count(connection);
  }
}

function toSubscription(request: SubscriptionRequest): Subscription {
  return {
    topic: request.topic,
    qos: request.qos,
    nl: request.noLocal,
    rap: request.retainAsPublished,
    rh: RETAIN_HANDLING[request.sendRetain],
  };
}

/** Runs an aedes operation that never calls back when the client disconnects meanwhile. */
function whileConnected(
  client: Client,
  start: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(clientNotFound());
    client.conn.once('close', onClose);
    start((error) => {
      client.conn.off('close', onClose);
      if (error) reject(new CommandError('INVALID', error.message));
      else resolve();
    });
  });
}
