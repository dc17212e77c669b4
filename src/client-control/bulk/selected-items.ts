import { AppError } from '../../errors/app-error.js';
import { invalid, type Issue } from '../../errors/issue.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { isJsonObject, type JsonObject } from '../../json/json.js';
import { holdsClientId, topicForClient } from '../../mqtt-strings/topic-template.js';
import { refused, type BulkItem } from './bulk-item.js';
import type { CallScope, ItemPreparation } from './item-preparation.js';
import type { Selection } from './selection.js';

/** Clients whose items are made at once. */
const PIECE = 250;
/** A client id that every topic template takes. */
const ANYBODY = 'x';

/** The items of a selection: for each client its actions, each to be done only after the one before it succeeded. */
export async function* selectedItems(
  preparation: ItemPreparation,
  actions: readonly JsonObject[],
  { clients }: Selection,
): AsyncGenerator<readonly BulkItem[], void> {
  let index = 0;
  for (const { broker, ids } of clients) {
    for (let start = 0; start < ids.length; start += PIECE) {
      yield ids.slice(start, start + PIECE).flatMap((clientid) => {
        const first = index;
        index += actions.length;
        const chain = chainFor(preparation, actions, broker, clientid, first);
        return chain === undefined ? [] : [chain];
      });
      await new Promise(setImmediate);
    }
  }
}

function chainFor(
  preparation: ItemPreparation,
  actions: readonly JsonObject[],
  broker: BrokerRef,
  clientid: string,
  first: number,
): BulkItem | undefined {
  let next: BulkItem | undefined;
  for (let at = actions.length - 1; at >= 0; at -= 1) {
    const item = itemFor(preparation, actions[at] ?? {}, broker, clientid, first + at);
    next = next === undefined ? item : { ...item, next };
  }
  return next;
}

function itemFor(
  preparation: ItemPreparation,
  action: JsonObject,
  broker: BrokerRef,
  clientid: string,
  index: number,
): BulkItem {
  try {
    return preparation.ready(index, { ...action, ...topicFor(action, clientid), clientid }, broker);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const topic = typeof action.topic === 'string' ? action.topic : undefined;
    const head = { index, broker: broker.brokerId, clientid, action: String(action.action) };
    return { kind: 'refused', ...head, topic, ending: refused(error, 'failed') };
  }
}

/** @throws {AppError} `INVALID` for a client id that cannot stand in the topic */
function topicFor({ topic }: JsonObject, clientid: string): { readonly topic?: string } {
  if (typeof topic !== 'string' || !holdsClientId(topic)) return {};
  const own = topicForClient(topic, clientid);
  if (own !== undefined) return { topic: own };
  throw invalid([
    { path: 'topic', message: 'cannot take this client id: it holds +, # or /, or is too long' },
  ]);
}

/** @throws {AppError} `INVALID` with what is wrong with the actions themselves */
export function trialItems(
  preparation: ItemPreparation,
  actions: readonly JsonObject[],
  { project, broker, brokers }: CallScope,
): void {
  const where = broker ?? [...brokers.values()][0] ?? { projectId: project, brokerId: '' };
  const issues = actions.flatMap((action, index): Issue[] => {
    const item = itemFor(preparation, action, where, ANYBODY, index);
    if (item.kind !== 'refused' || item.ending.outcome === 'done') return [];
    const { code, info } = item.ending.error;
    if (code !== 'INVALID' || !Array.isArray(info?.issues)) return [];
    return info.issues
      .filter(isIssue)
      .map(({ path, message }) => ({ path: `actions[${index}].${path}`, message }));
  });
  if (issues.length > 0) throw invalid(issues);
}

function isIssue(value: unknown): value is Issue {
  return isJsonObject(value) && typeof value.path === 'string' && typeof value.message === 'string';
}
