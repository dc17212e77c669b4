import { Socket } from 'node:net';
import type { Client, ConnectPacket } from 'aedes';
import { ANONYMOUS } from '../../mqtt-strings/client-filter.js';

/** The part of a CONNECT packet that is kept. */
export type ConnectFacts = Pick<ConnectPacket, 'username' | 'keepalive' | 'will'>;

/** Who made a subscription that the client did not make itself. */
export type Origin = 'control' | StandingOrigin;

/** A standing subscription, as far as the clients that have it know it. */
export interface StandingOrigin {
  readonly name: string;
  /** How many clients have it. */
  clients: number;
}

/** A client as lists show it; its fields have the names of the inspect API of Pro Mosquitto. */
export interface ClientSummary {
  readonly clientid: string;
  readonly username: string;
  readonly address: string | undefined;
  readonly protocol: 'MQTT';
  readonly protocolVersion: 'v3.1' | 'v3.1.1';
  readonly connected: boolean;
  readonly lastConnect: number;
  readonly lastDisconnect: number | null;
  /** Only there for a connection that may command. */
  readonly control?: true;
}

/** What a connection was made with. */
interface ConnectionDetails {
  readonly keepalive: number;
  readonly cleanSession: boolean;
  readonly listener: { readonly port: number; readonly bind_address: string } | undefined;
  readonly will: { readonly topic: string; readonly qos: number; readonly retain: boolean } | undefined;
}

/** A client that is connected, or whose session stays; and what is known of its last connection. */
export class KnownClient {
  readonly #origins = new Map<string, Origin>();
  #connection: Client | undefined;
  #summary: ClientSummary;
  #details: ConnectionDetails;

  /** @param place where it stands in lists: higher than that of all clients that were known before */
  constructor(
    readonly place: number,
    connection: Client,
    facts: ConnectFacts,
    lastConnect: number,
    readonly isControl: boolean,
  ) {
    this.#connection = connection;
    this.#summary = summaryOf(connection, facts, lastConnect, isControl);
    this.#details = detailsOf(connection, facts);
  }

  get clientId(): string {
    return this.#summary.clientid;
  }

  /** The connection, unless it is gone or going. */
  get connection(): Client | undefined {
    return this.#connection?.closed === false ? this.#connection : undefined;
  }

  get summary(): ClientSummary {
    return this.#summary;
  }

  get details(): ConnectionDetails {
    return this.#details;
  }

  /** The connection, unless it is gone; it may be going. */
  get lastConnection(): Client | undefined {
    return this.#connection;
  }

  isOn(connection: Client): boolean {
    return this.#connection === connection;
  }

  disconnected(at: number): void {
    this.#connection = undefined;
    this.#summary = { ...this.#summary, connected: false, lastDisconnect: at };
    // Published, or given up: either way the session has none.
    this.#details = { ...this.#details, will: undefined };
  }

  /** Takes over what others than the client subscribed its session to. */
  inheritOrigins(from: KnownClient): void {
    for (const [topic, origin] of from.#origins) this.setOrigin(topic, origin);
    from.dropOrigins();
  }

  originOf(topic: string): Origin | undefined {
    return this.#origins.get(topic);
  }

  /** The topic filters that a standing subscription has added. */
  topicsOf(origin: Origin): string[] {
    return [...this.#origins].flatMap(([topic, each]) => (each === origin ? [topic] : []));
  }

  setOrigin(topic: string, origin: Origin): void {
    this.dropOrigin(topic);
    this.#origins.set(topic, origin);
    if (origin !== 'control') origin.clients += 1;
  }

  dropOrigin(topic: string): void {
    const origin = this.#origins.get(topic);
    if (origin !== undefined && origin !== 'control') origin.clients -= 1;
    this.#origins.delete(topic);
  }

  dropOrigins(): void {
    for (const topic of [...this.#origins.keys()]) this.dropOrigin(topic);
  }
}

function summaryOf(
  connection: Client,
  { username }: ConnectFacts,
  lastConnect: number,
  isControl: boolean,
): ClientSummary {
  return {
    clientid: connection.id,
    username: username ?? ANONYMOUS,
    address: addressOf(connection),
    protocol: 'MQTT',
    protocolVersion: connection.version === 3 ? 'v3.1' : 'v3.1.1',
    connected: true,
    lastConnect,
    lastDisconnect: null,
    ...(isControl && { control: true }),
  };
}

function detailsOf(connection: Client, { keepalive = 0, will }: ConnectFacts): ConnectionDetails {
  const { localPort, localAddress } = connection.conn instanceof Socket ? connection.conn : {};
  return {
    keepalive,
    cleanSession: connection.clean,
    listener:
      localPort === undefined || localAddress === undefined
        ? undefined
        : { port: localPort, bind_address: localAddress },
    will: will && { topic: will.topic, qos: will.qos ?? 0, retain: will.retain ?? false },
  };
}

/** Where the client connects from. */
export function addressOf({ conn }: Client): string | undefined {
  return conn instanceof Socket ? conn.remoteAddress : undefined;
}
