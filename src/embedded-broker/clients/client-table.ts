import type { Client } from 'aedes';
import { LIMITS } from '../broker/sessions/limits.js';
import type { SessionStore } from '../broker/sessions/session-store.js';
import { subscriptionCost } from '../broker/subscription-limit.js';
import { Turn } from '../broker/turn.js';
import { KnownClient, type ConnectFacts } from './known-client.js';

/** Told of clients that come and go. */
export interface ClientObserver {
  connected(client: KnownClient): void;
  /** Called while the client still shows what its connection was. */
  disconnected(client: KnownClient, connection: Client): void;
}

/**
 * The clients that the broker knows: those that are connected, and those whose session stays. They stand in the order in
 * which they became known and keep their place until they are forgotten, so that pages do not shift.
 */
export class ClientTable {
  readonly #byId = new Map<string, KnownClient>();
  /** In the order of their places; some of them may be forgotten by now. */
  #ordered: KnownClient[] = [];
  readonly #connectFacts = new WeakMap<Client, ConnectFacts>();
  /** What the sessions of clients that are gone cost, the longest gone first. */
  readonly #offlineBytes = new Map<KnownClient, number>();
  #totalOfflineBytes = 0;
  #lastPlace = 0;
  /** When clients that were forgotten in this millisecond had connected. */
  readonly #justForgotten = new Map<string, number>();
  #forgottenAt = 0;

  constructor(
    readonly sessions: SessionStore,
    private readonly observer: ClientObserver,
  ) {}

  get size(): number {
    return this.#byId.size;
  }

  /** Notes what the client said in its CONNECT packet, before it is connected. */
  announce(connection: Client, { username, keepalive, will }: ConnectFacts): void {
    this.#connectFacts.set(connection, {
      ...(username !== undefined && { username }),
      ...(keepalive !== undefined && { keepalive }),
      ...(will !== undefined && { will }),
    });
  }

  /** Adds a client, or connects one that is known. */
  add(connection: Client, isControl: boolean): KnownClient {
    const before = this.#byId.get(connection.id);
    // aedes reports no disconnection when a new connection takes the id over at the same moment.
    if (before?.connection !== undefined) this.observer.disconnected(before, before.connection);
    const client = new KnownClient(
      before?.place ?? ++this.#lastPlace,
      connection,
      this.#connectFacts.get(connection) ?? {},
      this.#connectTime(connection.id, before),
      isControl,
    );
    if (before === undefined) this.#ordered.push(client);
    else {
      this.#ordered[this.#indexOf(before)] = client;
      this.#isBack(before);
      if (connection.clean) before.dropOrigins();
      else client.inheritOrigins(before);
    }
    this.#byId.set(connection.id, client);
    this.observer.connected(client);
    return client;
  }

  /** Notes that a connection is gone; does nothing when its id belongs to another connection by now. */
  remove(connection: Client): void {
    const client = this.#byId.get(connection.id);
    if (client?.isOn(connection) !== true) return;
    this.observer.disconnected(client, connection);
    client.disconnected(Date.now());
    if (connection.clean) this.forget(client);
    else this.#wentOffline(client);
  }

  /** Forgets a client and its session; does nothing when it has another connection by now. */
  forget(client: KnownClient): void {
    if (this.#byId.get(client.clientId) !== client || client.connection !== undefined) return;
    // It is just going, and nobody would tell of it later.
    if (client.lastConnection !== undefined) this.observer.disconnected(client, client.lastConnection);
    this.#byId.delete(client.clientId);
    this.#isBack(client);
    client.dropOrigins();
    void this.sessions.removeSession(client.clientId);
    this.#rememberConnectTime(client);
    if (this.#ordered.length > 2 * this.#byId.size + 100) this.#compact();
  }

  get(clientId: string): KnownClient | undefined {
    return this.#byId.get(clientId);
  }

  /** The client on this connection. */
  on(connection: Client): KnownClient | undefined {
    const client = this.#byId.get(connection.id);
    return client?.isOn(connection) === true ? client : undefined;
  }

  /** `count` clients from `offset` on; all of them when `count` is -1. */
  page(offset: number, count: number): KnownClient[] {
    this.#compact();
    return this.#ordered.slice(offset, count === -1 ? undefined : offset + count);
  }

  /**
   * The clients whose place is after the given one and that pass the test. Others have their turn meanwhile: who comes is
   * seen, who goes is not, and nobody who stays is left out or seen twice.
   */
  async *after(
    place: number,
    test: (client: KnownClient) => boolean = () => true,
  ): AsyncGenerator<KnownClient, void> {
    const turn = new Turn();
    let index = this.#indexAfter(place);
    let last = place;
    for (;;) {
      if (turn.isOver) {
        await turn.next();
        index = this.#indexAfter(last);
      }
      const client = this.#ordered[index];
      if (client === undefined) return;
      index += 1;
      last = client.place;
      if (this.#byId.get(client.clientId) !== client || !test(client)) continue;
      yield client;
      // Whoever looks at it may have waited.
      if (this.#ordered[index - 1]?.place !== last) index = this.#indexAfter(last);
    }
  }

  #wentOffline(client: KnownClient): void {
    const { clientid, username } = client.summary;
    const filters = this.sessions.subscriptionsOf(clientid);
    const bytes = filters.reduce(
      (sum, { topic }) => sum + subscriptionCost(topic),
      clientid.length + username.length,
    );
    this.#offlineBytes.set(client, bytes);
    this.#totalOfflineBytes += bytes;
    for (const [longestGone] of this.#offlineBytes) {
      const fits =
        this.#offlineBytes.size <= LIMITS.offlineSessions && this.#totalOfflineBytes <= LIMITS.offlineBytes;
      if (fits) break;
      this.sessions.note('sessions');
      this.forget(longestGone);
    }
  }

  /** Takes a client off the list of those that are gone. */
  #isBack(client: KnownClient): void {
    this.#totalOfflineBytes -= this.#offlineBytes.get(client) ?? 0;
    this.#offlineBytes.delete(client);
  }

  /** Now, but later than the connection before: two connections of an id can be told apart by it. */
  #connectTime(clientId: string, before: KnownClient | undefined): number {
    const last = before?.summary.lastConnect ?? this.#justForgotten.get(clientId) ?? 0;
    const now = Date.now();
    return now > last || now < last - 1000 ? now : last + 1;
  }

  #rememberConnectTime({ clientId, summary: { lastConnect } }: KnownClient): void {
    const now = Date.now();
    if (now !== this.#forgottenAt) this.#justForgotten.clear();
    this.#forgottenAt = now;
    this.#justForgotten.set(clientId, lastConnect);
  }

  #compact(): void {
    if (this.#ordered.length === this.#byId.size) return;
    this.#ordered = this.#ordered.filter((client) => this.#byId.get(client.clientId) === client);
  }

  #indexOf(client: KnownClient): number {
    return this.#indexAfter(client.place - 1);
  }

  /** Where the first client stands whose place is after the given one. */
  #indexAfter(place: number): number {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ordered[middle]?.place ?? 0) > place) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
