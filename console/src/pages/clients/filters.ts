import type { ClientQuery, FoundClientInfo, Selection } from '@mqtt-client-control/client';
import { globMatches } from '../../glob.js';
import { matchesAddress } from './match-address.js';

/** What the list can be narrowed by: the API's filters, and the broker; the same words in the address bar. */
export const FILTERS = {
  broker: 'broker',
  clientid: 'client id',
  username: 'user name',
  address: 'address',
  connected: 'connected',
  protocolVersion: 'protocol',
  connectedAfter: 'connected after',
  connectedBefore: 'connected before',
} as const;

export type FilterName = keyof typeof FILTERS;
export type Filters = Readonly<Partial<Record<FilterName, string>>>;

const NAMES = Object.keys(FILTERS) as FilterName[];

export function readFilters(query: URLSearchParams): Filters {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = query.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
}

/** As the API takes them; the broker is part of the path. */
export function toSelection({ broker: _broker, connected, ...filters }: Filters): Selection {
  return {
    ...(filters as Omit<Selection, 'connected'>),
    ...(connected === undefined ? {} : { connected: connected === 'true' }),
  };
}

export function toQuery(filters: Filters): ClientQuery {
  return toSelection(filters) as ClientQuery;
}

/** In words: `user name vendor-*, connected`. */
export function inWords(filters: Filters): string {
  return NAMES.flatMap((name) => {
    const value = filters[name];
    if (value === undefined) return [];
    if (name === 'connected') return [value === 'true' ? 'connected' : 'not connected'];
    return [`${FILTERS[name]} ${value}`];
  }).join(', ');
}

/** Whether a client that has just come belongs in the list; the API said so of all others. */
export function matches(filters: Filters, client: FoundClientInfo): boolean {
  const { broker, clientid, username, address, connected, protocolVersion, connectedAfter, connectedBefore } =
    filters;
  const since = client.lastConnect ?? undefined;
  return (
    (broker === undefined || broker === client.broker) &&
    (clientid === undefined || globMatches(clientid, client.clientid)) &&
    (username === undefined || globMatches(username, client.username ?? '<anonymous>')) &&
    (address === undefined || (client.address !== undefined && matchesAddress(address, client.address))) &&
    (connected === undefined || (connected === 'true') === (client.connected === true)) &&
    (protocolVersion === undefined || protocolVersion === client.protocolVersion) &&
    (connectedAfter === undefined || (since !== undefined && since > timeOf(connectedAfter))) &&
    (connectedBefore === undefined || (since !== undefined && since < timeOf(connectedBefore)))
  );
}

/** RFC 3339, or epoch milliseconds. */
export function timeOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}
