import type { EventEmitter } from 'node:events';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import { CONTROL_API_NAMES, CONTROL_APIS } from '../../broker-gateway/protocol/control-api.js';
import { BanList } from '../clients/ban-list.js';
import { ClientEvents } from '../clients/client-events.js';
import { ClientOperations } from '../clients/client-operations.js';
import { ClientTable } from '../clients/client-table.js';
import { DisconnectReasons } from '../clients/disconnect-reasons.js';
import { addressOf, type KnownClient } from '../clients/known-client.js';
import { StandingSubscriptions } from '../clients/standing-subscriptions.js';
import { COMMANDS } from '../control/command-tables.js';
import { ControlEndpoint } from '../control/control-endpoint.js';
import type { ControlledBroker } from '../control/controlled-broker.js';
import { accessHooks, ControlConnections } from './access-policy.js';
import { limitPackets, publisherOf, replaceSessionStore, versionOf } from './aedes-internals.js';
import { ControlLogin } from './control-login.js';
import { LoopbackListener, type LoopbackPort } from './loopback-listener.js';
import { LIMITS } from './sessions/limits.js';
import { SessionStore } from './sessions/session-store.js';
import { SubscriptionLimit } from './subscription-limit.js';

/** How to start an embedded broker: where it listens, and the credentials of the one who may control its clients. */
export interface EmbeddedBrokerOptions extends LoopbackPort {
  readonly controlUsername: string;
  readonly controlPassword: string;
}

const CLOSE_GRACE_MS = 1000;
/** How long a client may leave its messages unread before it is disconnected, milliseconds. */
const DRAIN_TIMEOUT_MS = 10_000;
/** How many QoS 2 messages of a client may wait for their release. */
const MAX_UNRELEASED = 100;

/**
 * An MQTT 3.1.1 broker inside this process, on 127.0.0.1 only, that answers the client control API, the inspect API and
 * this project's own endpoint on its own clients. Everything is kept in memory, up to `LIMITS`.
 */
export class EmbeddedBroker {
  readonly #aedes: Aedes;
  readonly #listener: LoopbackListener;
  readonly #events: ClientEvents;
  readonly port: number;
  readonly url: string;
  #closing: Promise<void> | undefined;

  private constructor(aedes: Aedes, listener: LoopbackListener, events: ClientEvents) {
    this.#aedes = aedes;
    this.#listener = listener;
    this.#events = events;
    this.port = listener.port;
    this.url = `mqtt://127.0.0.1:${this.port}`;
  }

  /**
   * Starts a broker; it takes connections when the promise resolves.
   *
   * @throws {RangeError} for an empty control user name or password
   * @throws {Error} of the operating system when it cannot listen, `EADDRINUSE` for one
   */
  static async start(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
    const login = new ControlLogin(options.controlUsername, options.controlPassword);
    const subscriptionLimit = new SubscriptionLimit();
    const sessions = new SessionStore((client, topic) => subscriptionLimit.isGranted(client, topic));
    const reasons = new DisconnectReasons();
    const events = new ClientEvents(reasons, (connection, message) => {
      reply(aedes, CONTROL_APIS.extension.responseTopic, message, connection.id);
    });
    const clients = new ClientTable(sessions, events);
    const operations = new ClientOperations(clients, reasons, subscriptionLimit);
    const standingSubscriptions = new StandingSubscriptions(clients, operations);
    const bans = new BanList();
    const controlConnections = new ControlConnections();
    const aedes = await Aedes.createBroker({
      ...accessHooks({ login, controlConnections, bans, clients, reasons, subscriptionLimit }),
      preConnect: (client, packet, done) => {
        clients.announce(client, packet);
        done(null, true);
      },
      // No limit on messages in delivery: a hundred of them to a client that does not read would stop all others.
      concurrency: 0,
      drainTimeout: DRAIN_TIMEOUT_MS,
      maxInflightInbound: MAX_UNRELEASED,
      maxTopicLevels: LIMITS.topicLevels,
    });
    try {
      replaceSessionStore(aedes, sessions);
      // What clients do wrong ends their connection and is no concern of the process.
      const aedesEvents: EventEmitter = aedes;
      aedesEvents.on('error', () => undefined);
      aedes.on('clientError', (client, error) => {
        // The line broke; anything else is the broker's own decision.
        reasons.note(client, 'code' in error ? 'lost' : 'other');
      });
      aedes.on('keepaliveTimeout', (client) => reasons.note(client, 'keepalive'));
      aedes.on('client', (connection) => {
        const client = clients.add(connection, controlConnections.has(connection));
        // aedes reports no disconnection when a new connection took the id over at the same moment.
        connection.conn.once('close', () => clients.remove(connection));
        if (!client.isControl && bans.isOutdated(connection)) {
          void kickIfBanned(connection, client, bans, operations);
        }
      });
      aedes.on('clientDisconnect', (connection) => clients.remove(connection));
      aedes.on('connackSent', (_, connection) => {
        const client = clients.on(connection);
        if (client !== undefined) void standingSubscriptions.applyTo(client);
      });
      aedes.on('subscribe', (subscriptions, connection) => {
        sessions.beforeRetained(subscriptions[0], connection);
        const client = clients.on(connection);
        if (client !== undefined) operations.noteSubscribed(client, subscriptions);
      });
      aedes.on('unsubscribe', (topics, connection) => {
        subscriptionLimit.forget(connection, topics);
        if (connection.closed) return;
        for (const topic of topics) clients.on(connection)?.dropOrigin(topic);
      });
      serveControlApis(aedes, {
        name: `aedes ${versionOf(aedes)}`,
        clients,
        operations,
        bans,
        standingSubscriptions,
        events,
      });
      const listener = await LoopbackListener.listen(options, (socket) => {
        const client = aedes.handle(socket);
        limitPackets(
          client,
          (command) => packetLimit(command, controlConnections.has(client)),
          LIMITS.ownSubscriptions,
        );
      });
      return new EmbeddedBroker(aedes, listener, events);
    } catch (error) {
      await closed(aedes);
      throw error;
    }
  }

  /** Disconnects every client and stops listening, within about a second; calling it again does nothing more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#events.close();
    await closed(this.#aedes);
    await this.#listener.close();
  }
}

/** The longest packet that is taken, bytes. */
function packetLimit(command: string | null, isControl: boolean): number {
  if (isControl) return LIMITS.controlPacketBytes;
  return command === 'subscribe' || command === 'unsubscribe'
    ? LIMITS.subscribePacketBytes
    : LIMITS.devicePacketBytes;
}

/** For a ban that was set between the check of the login and now. */
async function kickIfBanned(
  connection: Client,
  client: KnownClient,
  bans: BanList,
  operations: ClientOperations,
): Promise<void> {
  const { clientid, username } = client.summary;
  const isBanned = await bans.keepsOut(connection, { clientid, username, address: addressOf(connection) });
  if (!isBanned || !client.isOn(connection)) return;
  await operations
    .disconnect(clientid, { withWill: true, cleanSession: false }, 'banned')
    .catch(() => undefined);
}

/** Lets an endpoint of each API answer what is published on its request topic. */
function serveControlApis(aedes: Aedes, broker: ControlledBroker): void {
  for (const api of CONTROL_API_NAMES) {
    const { requestTopic, responseTopic } = CONTROL_APIS[api];
    const endpoint = new ControlEndpoint(COMMANDS[api], broker, { hasCodes: api === 'extension' });
    aedes.subscribe(
      requestTopic,
      (packet, done) => {
        const asker = broker.clients.get(publisherOf(packet) ?? '')?.connection;
        // It has left: nobody would get the answer.
        if (asker === undefined) {
          done();
          return;
        }
        void endpoint.answer(Buffer.from(packet.payload), asker).then((response) => {
          reply(aedes, responseTopic, response, asker.id);
          done();
        });
      },
      () => undefined,
    );
  }
}

/** Publishes, at QoS 0, what only that client may have: the access policy lets nobody else. */
function reply(aedes: Aedes, topic: string, message: string, clientId: string): void {
  const packet: PublishPacket & { clientId: string } = {
    cmd: 'publish',
    topic,
    payload: Buffer.from(message),
    qos: 0,
    retain: false,
    dup: false,
    clientId,
  };
  aedes.publish(packet, () => undefined);
}

/** Closes aedes, and waits for it no longer than the grace period. */
function closed(aedes: Aedes): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CLOSE_GRACE_MS);
    aedes.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
