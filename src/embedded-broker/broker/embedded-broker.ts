import { Aedes } from 'aedes';
import { CONTROL_APIS } from '../../broker-gateway/protocol/control-api.js';
import { BanList } from '../clients/ban-list.js';
import { ClientEvents } from '../clients/client-events.js';
import { ClientOperations } from '../clients/client-operations.js';
import { ClientTable } from '../clients/client-table.js';
import { DisconnectReasons } from '../clients/disconnect-reasons.js';
import { StandingSubscriptions } from '../clients/standing-subscriptions.js';
import { sendTo, serveControlApis } from '../control/serve-control-apis.js';
import { accessHooks, ControlConnections } from './access-policy.js';
import { limitPackets, replaceSessionStore, versionOf } from './aedes-internals.js';
import { ControlLogin } from './control-login.js';
import { followClients } from './follow-clients.js';
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
      sendTo(connection.id, CONTROL_APIS.extension.responseTopic, message, aedes);
    });
    const clients = new ClientTable(sessions, events);
    const operations = new ClientOperations(clients, reasons, subscriptionLimit);
    const standingSubscriptions = new StandingSubscriptions(clients, operations);
    const bans = new BanList();
    const controlConnections = new ControlConnections();
    const rules = { controlConnections, bans, clients, reasons, subscriptionLimit };
    const aedes = await Aedes.createBroker({
      ...accessHooks({ ...rules, login }),
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
      followClients(aedes, { ...rules, operations, standingSubscriptions });
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
