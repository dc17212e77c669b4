import type { EventEmitter } from 'node:events';
import type { Aedes, Client } from 'aedes';
import type { SessionStore } from './sessions/session-store.js';

/** A subscription as aedes keeps it. */
export interface LiveSubscription {
  readonly qos: number;
  /** No Local, Retain As Published and Retain Handling of MQTT 5; undefined for those that a client made itself. */
  readonly nl?: boolean;
  readonly rap?: boolean;
  readonly rh?: number;
}

/** A packet, as far as its size goes. */
interface ParsedPacket {
  readonly subscriptions?: unknown[];
  readonly unsubscriptions?: unknown[];
}

interface Parser extends EventEmitter {
  /** The packet that is being read; its `length` is -1 until that is known. */
  readonly packet: { readonly cmd: string | null; readonly length: number };
  parse(chunk: Buffer): number;
}

/** What aedes' types leave out of a client. */
interface ClientInternals {
  readonly subscriptions: Readonly<Record<string, LiveSubscription>>;
  readonly will: object | null | undefined;
  /** Whether the client said DISCONNECT; then aedes publishes no will. */
  _disconnected: boolean;
  readonly _parser: Parser;
}

function internalsOf(client: Client): ClientInternals {
  return client as unknown as ClientInternals;
}

/**
 * Lets a started broker keep its sessions in another store. Checked here, so that an aedes that is built differently is
 * found at start.
 *
 * @throws {Error} when aedes is built differently
 */
export function replaceSessionStore(broker: Aedes, store: SessionStore): void {
  const internals = broker as unknown as { persistence?: Partial<SessionStore> };
  if (typeof internals.persistence?.createRetainedStreamCombi !== 'function') {
    throw new Error('this version of aedes keeps sessions in another way');
  }
  internals.persistence = store;
}

/** The version of aedes. */
export function versionOf(broker: Aedes): string {
  return (broker as unknown as { readonly version: string }).version;
}

/** The client's subscriptions by topic filter. An object without prototype, so any filter is safe. */
export function subscriptionsOf(client: Client): Readonly<Record<string, LiveSubscription>> {
  return internalsOf(client).subscriptions;
}

/** The client's subscription to exactly this filter. */
export function subscriptionOf(client: Client, topic: string): LiveSubscription | undefined {
  return internalsOf(client).subscriptions[topic];
}

/** Whether the client has a will that is still to be published. */
export function hasWill(client: Client): boolean {
  return (internalsOf(client).will ?? undefined) !== undefined;
}

/** Whether the client said goodbye. */
export function saidGoodbye(client: Client): boolean {
  return internalsOf(client)._disconnected;
}

/** Lets aedes end the connection as if the client had said goodbye: without its will. */
export function preventWill(client: Client): void {
  internalsOf(client)._disconnected = true;
}

/** The id of the client that published the message; `undefined` for the broker itself. */
export function publisherOf(packet: object): string | undefined {
  return (packet as { readonly clientId?: string }).clientId;
}

/**
 * Ends a connection that announces a longer packet, which aedes would collect in memory first, or that sends one with more
 * topic filters than a client may have.
 *
 * @param maxBytes asked at each packet, with its command
 */
export function limitPackets(
  client: Client,
  maxBytes: (command: string | null) => number,
  maxTopicFilters: number,
): void {
  const parser = internalsOf(client)._parser;
  const parse = parser.parse.bind(parser);
  parser.parse = (chunk) => {
    const rest = parse(chunk);
    const { cmd, length } = parser.packet;
    if (length > maxBytes(cmd)) client.conn.destroy();
    return rest;
  };
  parser.prependListener('packet', ({ subscriptions, unsubscriptions }: ParsedPacket) => {
    const filters = subscriptions ?? unsubscriptions ?? [];
    if (filters.length <= maxTopicFilters) return;
    // aedes would still look at each of them.
    filters.length = 0;
    client.conn.destroy();
  });
}
