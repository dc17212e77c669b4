import { setImmediate as nextTurn } from 'node:timers/promises';
import { invalidAnswer } from '../broker-gateway/gateway-error.js';
import type { ClientPage } from './client-answers.js';

/** Clients that one command asks for: a message of some hundred kilobytes, parsed in a few milliseconds. */
export const PAGE_SIZE = 1000;
/** No broker has ten million clients; a list that long has no end. */
export const MAX_PAGES = 10_000;

/** A page of a walk. */
export interface WalkedProPage extends ClientPage {
  /** Whether nothing comes after it. */
  readonly isLast: boolean;
}

/** Asks a broker for `count` clients from `offset` on. */
export type RequestPage = (offset: number, count: number) => Promise<ClientPage>;

/**
 * Walks through a broker's list of clients in bounded pages, and lets others have their turn between two of them.
 *
 * @param offset clients of the broker's list to skip
 * @param count most clients of the broker's list to read after those
 *
 * The list is no snapshot: clients that come and go meanwhile may be missing. None is yielded twice, and a broker that
 * answers with fewer clients than asked for, or always with the same, does not confuse the walk.
 *
 * @throws {GatewayError} `BROKER_ERROR` for a list that does not end, and what `request` throws
 */
export async function* clientPages(
  request: RequestPage,
  offset: number,
  count = Number.POSITIVE_INFINITY,
): AsyncGenerator<WalkedProPage, void> {
  const seen = new Set<unknown>();
  const end = offset + count;
  let next = offset;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    if (pages > 0) await nextTurn();
    const page = await request(next, Math.min(PAGE_SIZE, end - next));
    const { totalCount } = page;
    const clients = page.clients.slice(0, end - next);
    const fresh = clients.filter(({ clientid }) => clientid === undefined || !seen.has(clientid));
    for (const { clientid } of fresh) seen.add(clientid);
    next += clients.length;
    const isLast = fresh.length === 0 || next >= Math.min(end, totalCount ?? end);
    yield { clients: fresh, totalCount, isLast };
    if (isLast) return;
  }
  throw invalidAnswer('the list of clients does not end');
}
