import type { FoundClientInfo, ServiceEvent } from '@mqtt-client-control/client';
import { matches, type Filters } from './filters.js';

/** What has just happened to a row. */
export type Mark = 'came' | 'gone';

export interface Sorting {
  readonly by: string;
  readonly down: boolean;
}

const MARKED_MS = 8000;

export function keyOf({ broker, clientid }: { broker: string; clientid: string }): string {
  return `${broker}/${clientid}`;
}

/**
 * The clients of the list, in the order in which they are shown. What comes is put at the end and what goes stays where it
 * is, so that nothing moves under the pointer; sorting is a thing of its own.
 */
export class ClientRows {
  #rows: FoundClientInfo[] = [];
  #places = new Map<string, number>();
  readonly #marks = new Map<string, { readonly mark: Mark; readonly at: number }>();
  /** Clients that came since the list was sorted, and stand at its end. */
  unsorted = 0;

  get all(): readonly FoundClientInfo[] {
    return this.#rows;
  }

  has(key: string): boolean {
    return this.#places.has(key);
  }

  get(key: string): FoundClientInfo | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#rows[place];
  }

  /** More of the list as it is read; one that an event has told of already is brought up to date. */
  add(clients: readonly FoundClientInfo[]): void {
    for (const client of clients) this.#put(client);
  }

  /** Brings a row up to date, or adds one. @returns whether anything of it is shown */
  apply(event: ServiceEvent, filters: Filters, now: number): boolean {
    if (event.type !== 'client.connected' && event.type !== 'client.disconnected') return false;
    const isHere = event.type === 'client.connected';
    const key = keyOf(event);
    const before = this.get(key);
    const told = toldBy(event);
    if (before !== undefined) {
      this.#put({ ...before, ...told });
    } else {
      if (!isHere || !matches(filters, told)) return false;
      this.#put(told);
      this.unsorted += 1;
    }
    this.#marks.set(key, { mark: isHere ? 'came' : 'gone', at: now });
    return true;
  }

  /** What has happened to a row in the last seconds. */
  markOf(client: FoundClientInfo, now: number): Mark | undefined {
    const found = this.#marks.get(keyOf(client));
    if (found === undefined) return undefined;
    if (now - found.at < MARKED_MS) return found.mark;
    this.#marks.delete(keyOf(client));
    return undefined;
  }

  sort({ by, down }: Sorting): void {
    const sign = down ? -1 : 1;
    const value = SORTED_BY[by] ?? SORTED_BY.clientid;
    // The values once, not with each comparison: the list may have 100,000 rows.
    const keyed = this.#rows.map((row) => ({ row, key: value?.(row) ?? '' }));
    keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
    this.#rows = keyed.map(({ row }) => row);
    this.#places = new Map(this.#rows.map((row, place) => [keyOf(row), place]));
    this.unsorted = 0;
  }

  #put(client: FoundClientInfo): void {
    const key = keyOf(client);
    const place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, this.#rows.push(client) - 1);
    else this.#rows[place] = client;
  }
}

/** What an event tells of its client. */
export function toldBy(
  event: Extract<ServiceEvent, { type: 'client.connected' | 'client.disconnected' }>,
): FoundClientInfo {
  const { type, time, clientid, project, broker, username, address, protocol, protocolVersion } = event;
  const told = { username, address, protocol, protocolVersion };
  const known = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
  const isHere = type === 'client.connected';
  return {
    project,
    broker,
    clientid,
    ...known,
    connected: isHere,
    [isHere ? 'lastConnect' : 'lastDisconnect']: Date.parse(time),
  };
}

const SORTED_BY: Readonly<Record<string, (row: FoundClientInfo) => string | number>> = {
  state: ({ connected }) => (connected === true ? 0 : 1),
  clientid: ({ clientid }) => clientid.toLowerCase(),
  username: ({ username }) => (username ?? '').toLowerCase(),
  address: ({ address }) => address ?? '',
  protocol: ({ protocolVersion }) => protocolVersion ?? '',
  broker: ({ broker }) => broker,
  since: ({ lastConnect }) => lastConnect ?? 0,
  subscriptions: ({ numSubscriptions }) => numSubscriptions ?? -1,
};
