import type { EventEmitter } from 'node:events';
import { Aedes } from 'aedes';
import { CONTROL_APIS } from '../../broker-gateway/protocol/control-api.js';
import { accessHooks } from './access-policy.js';
import { clientControlCommands } from '../control/client-control-commands.js';
import { ConnectedClients } from './connected-clients.js';
import { ControlEndpoint } from '../control/control-endpoint.js';
import { ControlLogin } from './control-login.js';
import { inspectCommands } from '../control/inspect-commands.js';
import { LoopbackListener, type LoopbackPort } from './loopback-listener.js';
import { serveControlApi } from '../control/serve-control-api.js';
import { extendSessionStore } from './session-store.js';

/** How to start an embedded broker: where it listens, and the credentials of the one who may control its clients. */
export interface EmbeddedBrokerOptions extends LoopbackPort {
  readonly controlUsername: string;
  readonly controlPassword: string;
}

const CLOSE_GRACE_MS = 1000;
/** How long a client may leave its messages unread before it is disconnected, milliseconds. */
const DRAIN_TIMEOUT_MS = 10_000;

/**
 * An MQTT 3.1.1 broker inside this process, on 127.0.0.1 only, that answers the client control API and the inspect API
 * on its own connected clients. Sessions and retained messages are kept in memory.
 */
export class EmbeddedBroker {
  readonly #aedes: Aedes;
  readonly #listener: LoopbackListener;
  readonly port: number;
  readonly url: string;
  #closing: Promise<void> | undefined;

  private constructor(aedes: Aedes, listener: LoopbackListener) {
    this.#aedes = aedes;
    this.#listener = listener;
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
    const clients = new ConnectedClients();
    const aedes = await Aedes.createBroker({
      ...accessHooks(new ControlLogin(options.controlUsername, options.controlPassword)),
      preConnect: (client, packet, done) => {
        clients.announce(client, packet);
        done(null, true);
      },
      // No limit on messages in delivery: a hundred of them to a client that does not read would stop all others.
      concurrency: 0,
      drainTimeout: DRAIN_TIMEOUT_MS,
    });
    try {
      aedes.on('client', (client) => {
        clients.add(client);
        // aedes reports no disconnection when a new connection took the id over at the same moment.
        client.conn.once('close', () => clients.remove(client));
      });
      aedes.on('clientDisconnect', (client) => clients.remove(client));
      // What clients do wrong ends their connection and is no concern of the process.
      const events: EventEmitter = aedes;
      events.on('error', () => undefined);
      const commands = clientControlCommands(clients, extendSessionStore(aedes));
      serveControlApi(aedes, CONTROL_APIS.clientControl, new ControlEndpoint(commands));
      serveControlApi(aedes, CONTROL_APIS.clientInspect, new ControlEndpoint(inspectCommands(clients)));
      return new EmbeddedBroker(
        aedes,
        await LoopbackListener.listen(options, (socket) => void aedes.handle(socket)),
      );
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
    await closed(this.#aedes);
    await this.#listener.close();
  }
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
