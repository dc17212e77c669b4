import { createHash } from 'node:crypto';
import type { BrokerClients } from '../../broker-clients/broker-clients.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { toAppError } from '../../http/to-app-error.js';
import { compileClientFilter, type ClientFilter } from '../../mqtt-strings/client-filter.js';
import type { SelectionCall } from './bulk-envelope.js';

/** Clients that one selection may hold. */
const MAX_SELECTED = 1_000_000;
/** Clients that a dry run names. */
const MAX_NAMED = 1000;

/** A broker that did not tell which of its clients match. */
export interface NotAnswered {
  readonly project: string;
  readonly broker: string;
  readonly code: string;
  readonly message: string;
}

/** The clients that a filter selected, frozen. */
export interface Selection {
  readonly count: number;
  /** The same for the same clients, whatever the order in which brokers tell them. */
  readonly hash: string;
  readonly clients: readonly { readonly broker: BrokerRef; readonly ids: readonly string[] }[];
  readonly notAnswered: readonly NotAnswered[];
}

/** Answer of a dry run. */
export interface DryRun {
  readonly count: number;
  readonly clients: readonly { readonly broker: string; readonly clientid: string }[];
  readonly selection: string;
  readonly notAnswered: readonly NotAnswered[];
}

/**
 * Asks all brokers side by side which of their clients match. Connections that may command a broker are not among them.
 *
 * @throws {AppError} `INVALID` for too many clients
 * @throws {GatewayError} when it is one broker that is asked, and it does not answer
 */
export async function select(
  clients: BrokerClients,
  brokers: readonly BrokerRef[],
  filter: ClientFilter,
  signal: AbortSignal,
): Promise<Selection> {
  const hash = new SetHash();
  const notAnswered: NotAnswered[] = [];
  let count = 0;
  const found = await Promise.all(
    brokers.map(async (broker) => {
      const ids: string[] = [];
      const query = { filter, fields: ['clientid', 'control'] };
      try {
        for await (const page of clients.walk(broker, query, { lane: 'bulk', signal })) {
          for (const client of page.clients) {
            const { clientid } = client;
            if (typeof clientid !== 'string' || clients.isControl(broker, client)) continue;
            ids.push(clientid);
            hash.add(`${broker.brokerId}/${clientid}`);
          }
          if (ids.length > MAX_SELECTED) break;
        }
      } catch (error) {
        // Of a single broker there is nothing to be hidden: its error is the call's.
        if (brokers.length === 1) throw error;
        const { code, message } = toAppError(error, '');
        notAnswered.push({ project: broker.projectId, broker: broker.brokerId, code, message });
        return { broker, ids: [] };
      }
      count += ids.length;
      return { broker, ids };
    }),
  );
  if (count > MAX_SELECTED) {
    throw invalid([{ path: 'select', message: `selects more than ${MAX_SELECTED} clients` }]);
  }
  return { count, hash: hash.toString(), clients: found, notAnswered };
}

/** What a dry run shows of a selection. */
export function toDryRun({ count, clients, hash, notAnswered }: Selection): DryRun {
  const named: DryRun['clients'][number][] = [];
  for (const { broker, ids } of clients) {
    for (const clientid of ids.slice(0, MAX_NAMED - named.length))
      named.push({ broker: broker.brokerId, clientid });
  }
  return { count, clients: named, selection: hash, notAnswered };
}

/**
 * Lets a selection be acted upon only if it is what the caller means.
 *
 * @throws {AppError} `SELECTION_INCOMPLETE`, `SELECTION_CHANGED`
 */
export function checkSelection({ count, hash, notAnswered }: Selection, call: SelectionCall): void {
  if (notAnswered.length > 0 && !call.partial) {
    throw new AppError('SELECTION_INCOMPLETE', 'Not all brokers answered; nothing was done', { notAnswered });
  }
  const isExpected = call.expectCount === undefined || call.expectCount === count;
  if (isExpected && (call.selection === undefined || call.selection === hash)) return;
  throw new AppError(
    'SELECTION_CHANGED',
    isExpected
      ? 'The selection has other clients than at the dry run; nothing was done'
      : `The selection has ${count} clients, not ${call.expectCount}; nothing was done`,
    { count, selection: hash },
  );
}

/** @throws {AppError} `INVALID` for a selection that may mean everybody, unless it says how many or which that are */
export function checkWidth({ select: filter, dryRun, expectCount, selection }: SelectionCall): void {
  if (dryRun || expectCount !== undefined || selection !== undefined) return;
  if (compileClientFilter(filter).isWide) {
    throw invalid([
      { path: 'select', message: 'may mean everybody: say expectCount, or the selection of a dry run' },
    ]);
  }
}

/** A hash of a set of texts: their order does not count. Not meant to withstand somebody who looks for two with the same. */
class SetHash {
  readonly #sum = new Uint32Array(4);

  add(text: string): void {
    const digest = createHash('sha256').update(text).digest();
    for (let word = 0; word < 4; word += 1) {
      this.#sum[word] = (this.#sum[word] ?? 0) + digest.readUInt32LE(word * 4);
    }
  }

  toString(): string {
    return Buffer.from(this.#sum.buffer).toString('hex');
  }
}
