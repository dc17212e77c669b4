import type { AuditEntry, ListAuditRecordsData } from '@mqtt-client-control/client';
import type { StatusKind } from '../../components/status.js';

export type AuditQuery = Omit<NonNullable<ListAuditRecordsData['query']>, 'limit' | 'cursor'>;

/** Whatever the trail has records of. */
export const ACTIONS = [
  'disconnect',
  'subscribe',
  'unsubscribe',
  'bulk',
  'ban',
  'unban',
  'set-standing-subscription',
  'delete-standing-subscription',
] as const;

/** Filters that are text, as the API and the address call them. */
export const TEXT_FILTERS = ['clientid', 'caller', 'outcome', 'requestId', 'callId'] as const;

/** The filters in an address, as the API takes them: what it does not know is left out. */
export function auditQuery(address: URLSearchParams): AuditQuery {
  const query: Record<string, string | boolean> = {};
  for (const key of [...TEXT_FILTERS, 'broker', 'action', 'from', 'to']) {
    const value = address.get(key);
    if (value !== null && value !== '') query[key] = value;
  }
  if (address.get('started') === 'true') query.started = true;
  return query;
}

/** How it ended, in words. */
export function outcomeOf({ outcome, outcomeDetail }: Pick<AuditEntry, 'outcome' | 'outcomeDetail'>): {
  kind: StatusKind;
  words: string;
} {
  if (outcome === 'OK') return { kind: 'ok', words: 'done' };
  if (outcome === 'STARTED') return { kind: 'busy', words: 'begun' };
  return {
    kind: 'bad',
    words:
      outcomeDetail === undefined
        ? outcome
        : `${outcome}, ${outcomeDetail === 'unknown' ? 'unknown whether done' : 'not sent'}`,
  };
}
