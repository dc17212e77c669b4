import { Socket } from 'node:net';
import type { Client, ConnectPacket } from 'aedes';

/** A client that is connected now, and what is known of its connection. */
export interface ConnectedClient {
  readonly connection: Client;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly address: string | undefined;
  /** Where the broker took the connection. */
  readonly listener: { readonly port: number; readonly bind_address: string } | undefined;
  /** MQTT protocol level: 3 is MQTT 3.1, 4 is MQTT 3.1.1. */
  readonly protocolLevel: number;
  /** Epoch milliseconds. */
  readonly connectedAt: number;
  readonly keepaliveSeconds: number;
  readonly cleanSession: boolean;
  readonly will: { readonly topic: string; readonly qos: number; readonly retain: boolean } | undefined;
}

/** The part of a CONNECT packet that is kept. */
export type ConnectFacts = Pick<ConnectPacket, 'username' | 'keepalive' | 'will'>;

/** The connected clients in the order in which they connected, so that new ones do not shift the pages of a list. */
export class ConnectedClients {
  readonly #clients = new Map<string, ConnectedClient>();
  readonly #connectFacts = new WeakMap<Client, ConnectFacts>();

  get size(): number {
    return this.#clients.size;
  }

  /** Notes what the client said in its CONNECT packet, before it is connected. */
  announce(connection: Client, { username, keepalive, will }: ConnectFacts): void {
    this.#connectFacts.set(connection, {
      ...(username !== undefined && { username }),
      ...(keepalive !== undefined && { keepalive }),
      ...(will !== undefined && { will }),
    });
  }

  /** Adds a client; one with the same id is replaced. */
  add(connection: Client): void {
    const { username, keepalive = 0, will } = this.#connectFacts.get(connection) ?? {};
    const socket = connection.conn instanceof Socket ? connection.conn : undefined;
    // A Map keeps the place of a key that is set again.
    this.#clients.delete(connection.id);
    this.#clients.set(connection.id, {
      connection,
      clientId: connection.id,
      username,
      address: socket?.remoteAddress,
      listener:
        socket?.localPort === undefined || socket.localAddress === undefined
          ? undefined
          : { port: socket.localPort, bind_address: socket.localAddress },
      protocolLevel: connection.version,
      connectedAt: Date.now(),
      keepaliveSeconds: keepalive,
      cleanSession: connection.clean,
      will: will && { topic: will.topic, qos: will.qos ?? 0, retain: will.retain ?? false },
    });
  }

  /** Removes a client; does nothing when its id belongs to another connection by now. */
  remove(connection: Client): void {
    if (this.#clients.get(connection.id)?.connection === connection) this.#clients.delete(connection.id);
  }

  /** The client with that id, unless it is being disconnected. */
  get(clientId: string): ConnectedClient | undefined {
    const client = this.#clients.get(clientId);
    return client?.connection.closed === false ? client : undefined;
  }

  /** `count` clients from `offset` on; all of them when `count` is -1. Copies no more than these. */
  page(offset: number, count: number): ConnectedClient[] {
    if (offset === 0 && count === -1) return [...this.#clients.values()];
    const end = count === -1 ? Number.POSITIVE_INFINITY : offset + count;
    const page: ConnectedClient[] = [];
    let index = 0;
    for (const client of this.#clients.values()) {
      if (index >= end) break;
      if (index >= offset) page.push(client);
      index += 1;
    }
    return page;
  }
}
