import { addressRangeProblem, compileAddressRange } from './address-range.js';
import { compileGlob, globProblem } from './glob.js';

/** The user name that stands for clients without one. Source: the inspect API of Pro Mosquitto. */
export const ANONYMOUS = '<anonymous>';

/** Protocol versions of MQTT, as brokers show them. */
export const PROTOCOL_VERSIONS = ['v3.1', 'v3.1.1', 'v5'] as const;

/**
 * Which clients are meant, the same everywhere: find, inspect, select, bans, standing subscriptions, our own broker
 * endpoint. What is absent does not restrict; of what is given, all must hold.
 */
export interface ClientFilter {
  /** Glob over the client id. */
  readonly clientid?: string;
  /** Glob over the user name; `<anonymous>` for clients without one. */
  readonly username?: string;
  /** IPv4 or IPv6 address, or a network in CIDR notation. */
  readonly address?: string;
  /** Whether the client is connected now. */
  readonly connected?: boolean;
  readonly protocolVersion?: (typeof PROTOCOL_VERSIONS)[number];
  /** Connected now, and since a time before this one; epoch milliseconds. */
  readonly connectedBefore?: number;
  /** Connected now, and since a time after this one; epoch milliseconds. */
  readonly connectedAfter?: number;
}

/** What a filter looks at, as brokers tell it; a client whose broker leaves a field out does not match a filter on it. */
export type FilteredClient = Readonly<
  Partial<
    Record<'clientid' | 'username' | 'address' | 'connected' | 'protocolVersion' | 'lastConnect', unknown>
  >
>;

/** A filter, made ready for many clients. */
export interface CompiledClientFilter {
  /** The client id, when the filter names a single one: no need to look at the others. */
  readonly onlyClientId: string | undefined;
  /** Whether nothing in it narrows it down by id, user name or address: it may mean everybody who is connected. */
  readonly isWide: boolean;
  /** Takes time proportional to the length of the client's fields, whatever they and the filter are. */
  matches(client: FilteredClient): boolean;
}

/** Rules of the fields of a filter: what keeps a value from being one, or undefined. */
const FIELD_PROBLEMS: Readonly<Record<keyof ClientFilter, (value: unknown) => string | undefined>> = {
  clientid: globProblem,
  username: globProblem,
  address: addressRangeProblem,
  connected: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  protocolVersion: (value) =>
    PROTOCOL_VERSIONS.some((version) => version === value)
      ? undefined
      : `must be one of ${PROTOCOL_VERSIONS.join(', ')}`,
  connectedBefore: timeProblem,
  connectedAfter: timeProblem,
};

/** The names of a filter's fields. */
export const CLIENT_FILTER_FIELDS = Object.keys(FIELD_PROBLEMS) as readonly (keyof ClientFilter)[];

/** Something wrong in a filter; `field` is '' for the filter as a whole. */
export interface ClientFilterProblem {
  readonly field: string;
  readonly problem: string;
}

/**
 * The first thing that keeps an object from being a filter: an unknown field, a value of the wrong kind, or nothing in it
 * (which never means everybody).
 */
export function clientFilterProblem(
  filter: Readonly<Record<string, unknown>>,
): ClientFilterProblem | undefined {
  const fields = Object.entries(filter);
  if (fields.length === 0) return { field: '', problem: 'must not be empty' };
  for (const [field, value] of fields) {
    const problem = Object.hasOwn(FIELD_PROBLEMS, field)
      ? FIELD_PROBLEMS[field as keyof ClientFilter](value)
      : 'is not known';
    if (problem !== undefined) return { field, problem };
  }
  return undefined;
}

/** Makes a filter ready. Its fields must be valid (`clientFilterProblem`). */
export function compileClientFilter(filter: ClientFilter): CompiledClientFilter {
  const clientid = filter.clientid === undefined ? undefined : compileGlob(filter.clientid);
  const username = filter.username === undefined ? undefined : compileGlob(filter.username);
  const address = filter.address === undefined ? undefined : compileAddressRange(filter.address);
  const { connected, protocolVersion, connectedBefore, connectedAfter } = filter;
  return {
    onlyClientId: clientid?.literal,
    isWide: [clientid, username, address].every((part) => part === undefined || part.isWide),
    // The cheap tests first.
    matches: (client) =>
      (connected === undefined || client.connected === connected) &&
      (protocolVersion === undefined || client.protocolVersion === protocolVersion) &&
      (connectedBefore === undefined || connectedAt(client) < connectedBefore) &&
      (connectedAfter === undefined || connectedAt(client) > connectedAfter) &&
      isIn(client.address, address?.includes) &&
      isIn(client.username, username?.matches) &&
      isIn(client.clientid, clientid?.matches),
  };
}

function isIn(value: unknown, test: ((text: string) => boolean) | undefined): boolean {
  return test === undefined || (typeof value === 'string' && test(value));
}

/** NaN, which is neither before nor after any time, for a client that is not connected. */
function connectedAt({ connected, lastConnect }: FilteredClient): number {
  return connected === true && typeof lastConnect === 'number' ? lastConnect : Number.NaN;
}

function timeProblem(value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0
    ? undefined
    : 'must be a time in epoch milliseconds';
}
