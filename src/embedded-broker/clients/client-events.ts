import { randomBytes } from 'node:crypto';
import type { Client } from 'aedes';
import { LIMITS } from '../broker/sessions/limits.js';
import type { ClientObserver } from './client-table.js';
import type { DisconnectReason, DisconnectReasons } from './disconnect-reasons.js';
import type { KnownClient } from './known-client.js';

const MAX_DELAY_MS = 100;
const MAX_BATCH = 200;
const MAX_WAITING = 10_000;
const MAX_WAITING_CHARACTERS = 8 * 1024 * 1024;
/** A watcher that leaves this much unread gets no more until it reads. */
const MAX_UNREAD_BYTES = 1024 * 1024;

interface ClientEvent {
  readonly type: 'connected' | 'disconnected';
  /** Epoch milliseconds. */
  readonly time: number;
  readonly clientid: string;
  readonly username: string;
  readonly address: string | undefined;
  readonly protocol: string;
  readonly protocolVersion: string;
  readonly control?: true;
  readonly reason?: DisconnectReason;
  /** Whether a persistent session of the client stays. */
  readonly sessionStays?: boolean;
}

/** A connection that asked for events, and what waits for it. */
interface Watcher {
  leaseEnds: number;
  /** The number of the last event that was sent, or that was before the lease. */
  lastSent: number;
  readonly waiting: WaitingEvent[];
  /** What the waiting ones take. */
  characters: number;
}

interface WaitingEvent {
  readonly event: ClientEvent;
  readonly sequence: number;
  readonly characters: number;
}

/** What the events are counted in, and how far. */
export interface EventCount {
  /** The number of the last event so far. */
  readonly sequence: number;
  /** Another one after each start of the broker, which counts anew. */
  readonly run: string;
}

/** Sends a message with events to one connection. */
export type SendEvents = (connection: Client, message: string) => void;

/** Tells of clients that come and go to those that hold a lease: in batches, and no more than they read. */
export class ClientEvents implements ClientObserver {
  readonly #watchers = new Map<Client, Watcher>();
  readonly #run = randomBytes(8).toString('hex');
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly reasons: DisconnectReasons,
    private readonly send: SendEvents,
  ) {}

  /** Gives or prolongs a lease. @returns what comes after is sent */
  watch(connection: Client, seconds: number): EventCount {
    const watcher = this.#watchers.get(connection) ?? {
      leaseEnds: 0,
      lastSent: this.#sequence,
      waiting: [],
      characters: 0,
    };
    watcher.leaseEnds = performance.now() + seconds * 1000;
    if (!this.#watchers.has(connection)) connection.conn.once('close', () => this.unwatch(connection));
    this.#watchers.set(connection, watcher);
    return { sequence: this.#sequence, run: this.#run };
  }

  unwatch(connection: Client): void {
    this.#watchers.delete(connection);
  }

  connected(client: KnownClient): void {
    this.#tell(client, { type: 'connected' });
  }

  disconnected(client: KnownClient, connection: Client): void {
    this.#tell(client, {
      type: 'disconnected',
      reason: this.reasons.of(connection),
      sessionStays: !client.details.cleanSession && !this.reasons.endsSession(connection),
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watchers.clear();
  }

  #tell(
    { summary: { clientid, username, address, protocol, protocolVersion, control } }: KnownClient,
    { type, ...about }: Pick<ClientEvent, 'type' | 'reason' | 'sessionStays'>,
  ): void {
    this.#sequence += 1;
    if (this.#watchers.size === 0) return;
    const event: ClientEvent = {
      type,
      time: Date.now(),
      clientid,
      username,
      address,
      protocol,
      protocolVersion,
      ...(control && { control }),
      ...about,
    };
    const characters = clientid.length + username.length;
    let isBatchFull = false;
    for (const watcher of this.#watchers.values()) {
      if (watcher.waiting.length >= MAX_WAITING || watcher.characters >= MAX_WAITING_CHARACTERS) continue;
      watcher.waiting.push({ event, sequence: this.#sequence, characters });
      watcher.characters += characters;
      isBatchFull ||= watcher.waiting.length === MAX_BATCH;
    }
    if (isBatchFull) setImmediate(() => this.#flush());
    this.#timer ??= setTimeout(() => this.#flush(), MAX_DELAY_MS).unref();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    let isWaiting = false;
    for (const [connection, watcher] of this.#watchers) {
      if (watcher.leaseEnds < now || connection.closed) {
        this.#watchers.delete(connection);
        continue;
      }
      if (connection.conn.writableLength <= MAX_UNREAD_BYTES) this.#sendBatch(connection, watcher);
      isWaiting ||= watcher.waiting.length > 0;
    }
    if (isWaiting) this.#timer ??= setTimeout(() => this.#flush(), MAX_DELAY_MS / 10).unref();
  }

  #sendBatch(connection: Client, watcher: Watcher): void {
    let count = 0;
    for (let characters = 0; count < MAX_BATCH && characters < LIMITS.replyCharacters; count += 1) {
      const next = watcher.waiting[count];
      if (next === undefined) break;
      characters += next.characters;
      watcher.characters -= next.characters;
    }
    const batch = watcher.waiting.splice(0, count);
    const sequence = batch.at(-1)?.sequence;
    if (sequence === undefined) return;
    const missed = sequence - watcher.lastSent - batch.length;
    watcher.lastSent = sequence;
    const events = batch.map(({ event }) => event);
    this.send(connection, JSON.stringify({ events, sequence, missed }));
  }
}
