import { randomUUID } from 'node:crypto';
import type { AuditedAction, ControlAction } from '../access/actions.js';
import type { Outcome } from '../broker-gateway/gateway-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { OnBroker, RequestRecord } from '../http/request-record.js';
import type { JsonObject } from '../json/json.js';
import { isoTime } from '../logging/iso-time.js';
import { bounded, MAX_NAME } from './bounded-text.js';

/** How an action ended, or that its command is about to be sent. */
export type AuditOutcome = 'STARTED' | 'OK' | ErrorCode;

/**
 * One record of the audit trail: who did what to which client, and how it ended. Absent is what was not known. Every text is
 * {@link bounded}: a line of the trail has less than 12 KB, whatever a caller sends.
 */
export interface AuditRecord {
  /** When the record was written, ISO 8601 in UTC. */
  readonly time: string;
  readonly requestId?: string | undefined;
  /** The token's name, or the JWT's subject. */
  readonly caller?: string | undefined;
  readonly callerKind?: 'token' | 'jwt' | undefined;
  /** The identity provider that names the caller so, if one does. */
  readonly callerIssuer?: string | undefined;
  readonly address?: string | undefined;
  readonly project?: string | undefined;
  readonly broker?: string | undefined;
  readonly action?: AuditedAction | undefined;
  readonly clientId?: string | undefined;
  readonly topic?: string | undefined;
  /** What a call and the records of its items, or of the brokers that it was about, have in common. */
  readonly callId?: string | undefined;
  /** The item's place in its call, or the broker's in an action on several, from 0. */
  readonly index?: number | undefined;
  /** Why, in the caller's words. */
  readonly reason?: string | undefined;
  /** What an action was about that is not on one client, and what became of it. */
  readonly details?: JsonObject | undefined;
  readonly outcome: AuditOutcome;
  /** Whether a command that failed can have been executed. */
  readonly outcomeDetail?: Outcome | undefined;
  /** Since the request arrived. */
  readonly durationMs: number;
}

/** One operation of a call that has many. */
export interface AuditItem {
  /** Its place in the call, from 0. */
  readonly index: number;
  readonly broker?: string | undefined;
  /** Undefined, like the client, for an item that cannot be read. */
  readonly action: ControlAction | undefined;
  readonly clientId: string | undefined;
  readonly topic?: string | undefined;
}

/** An {@link AuditItem}, and how it ended. */
export interface EndedItem extends AuditItem {
  readonly outcome: 'OK' | ErrorCode;
  readonly outcomeDetail?: Outcome | undefined;
}

const MAX_DETAILS = 2000;

/** Writes down what is known of a request by now; of an action on several brokers, how it went on the whole. */
export function recordOf(
  request: RequestRecord,
  outcome: AuditOutcome = request.errorCode ?? 'OK',
): AuditRecord {
  const { action, clientId, topic, outcomeDetail, onBrokers } = request;
  const hasSummary = onBrokers !== undefined && outcome !== 'STARTED';
  const details = hasSummary ? { ...request.details, summary: summaryOf(onBrokers) } : request.details;
  return {
    ...originOf(request),
    action,
    clientId: clientId && bounded(clientId),
    topic: topic && bounded(topic),
    details: details && boundedDetails(details),
    outcome,
    outcomeDetail,
    durationMs: millisecondsSince(request.startedAt),
  };
}

/** Writes down what is known by now of an action on several brokers, of each of them; nothing for any other action. */
export function brokerRecordsOf(request: RequestRecord): AuditRecord[] {
  const { onBrokers = [] } = request;
  if (onBrokers.length > 0) nameCall(request);
  return onBrokers.map((part, index) => ({
    ...recordOf(request, part.outcome ?? 'STARTED'),
    broker: bounded(part.broker, MAX_NAME),
    index,
    details: boundedDetails({ ...request.details, ...part.details }),
    outcomeDetail: part.outcomeDetail,
  }));
}

/**
 * Makes the records of a call's items: what they have in common is written down once.
 *
 * @returns a function that makes the record of one item
 */
export function itemRecords(
  request: RequestRecord,
): (item: AuditItem, outcome: AuditOutcome, outcomeDetail?: Outcome) => AuditRecord {
  const { requestId, caller, callerKind, callerIssuer, address, project, broker, callId, reason } =
    originOf(request);
  return (item, outcome, outcomeDetail) => ({
    time: isoTime(),
    requestId,
    caller,
    callerKind,
    callerIssuer,
    address,
    project,
    broker: item.broker === undefined ? broker : bounded(item.broker, MAX_NAME),
    action: item.action,
    clientId: item.clientId && bounded(item.clientId),
    topic: item.topic && bounded(item.topic),
    callId,
    index: item.index,
    reason,
    outcome,
    outcomeDetail,
    durationMs: millisecondsSince(request.startedAt),
  });
}

/**
 * Gathers the records of a call's items as lines of JSON, the same as {@link itemRecords}: what they have in common is
 * encoded once, and all that is gathered becomes one text. A call ends a hundred thousand items a second.
 */
export class ItemLines {
  readonly #request: RequestRecord;
  readonly #who: string;
  readonly #broker: string | undefined;
  readonly #call: string;
  readonly #why: string;
  #pieces: (string | number)[] = [];
  #count = 0;
  #time = '';
  #duration = '';
  #kept: KeptTexts | undefined;

  constructor(request: RequestRecord) {
    const { requestId, caller, callerKind, callerIssuer, address, project, broker, callId, reason } =
      originOf(request);
    this.#request = request;
    this.#broker = broker;
    this.#who = membersOf({ requestId, caller, callerKind, callerIssuer, address, project });
    this.#call = `${membersOf({ callId })},"index":`;
    this.#why = `${membersOf({ reason })},"outcome":"`;
  }

  /** Lines that are gathered. */
  get count(): number {
    return this.#count;
  }

  /** Items that are added from here on end now: to be called at the beginning of each turn. */
  stamp(): void {
    this.#time = isoTime();
    this.#duration = `,"durationMs":${millisecondsSince(this.#request.startedAt)}}\n`;
    this.#kept = undefined;
  }

  add(item: EndedItem): void {
    if (this.#kept === undefined || !isLike(item, this.#kept)) this.#kept = this.#textsFor(item);
    const { head, tail } = this.#kept;
    const { clientId, topic } = item;
    // Texts that are joined at last are one string; a sum of texts would be a tree of them, for the garbage collector to walk.
    if (clientId !== undefined && topic !== undefined) {
      const [id, filter] = [JSON.stringify(bounded(clientId)), JSON.stringify(bounded(topic))];
      this.#pieces.push(head, ',"clientId":', id, ',"topic":', filter, this.#call, item.index, tail);
    } else {
      const about = membersOf({ clientId: clientId && bounded(clientId), topic: topic && bounded(topic) });
      this.#pieces.push(head, about, this.#call, item.index, tail);
    }
    this.#count += 1;
  }

  /** Hands over what is gathered, each line with a line break at its end. */
  take(): Buffer {
    const text = this.#pieces.join('');
    this.#pieces = [];
    this.#count = 0;
    return Buffer.from(text);
  }

  #textsFor({ broker, action, outcome, outcomeDetail }: EndedItem): KeptTexts {
    const named = broker === undefined ? this.#broker : bounded(broker, MAX_NAME);
    const head = `{"time":"${this.#time}"${this.#who}${membersOf({ broker: named, action })}`;
    const detail = membersOf({ outcomeDetail });
    return {
      broker,
      action,
      outcome,
      outcomeDetail,
      head: flat(head),
      tail: flat(`${this.#why}${outcome}"${detail}${this.#duration}`),
    };
  }
}

/** The texts that the lines of many items have in common, and of which items. */
interface KeptTexts extends Pick<EndedItem, 'broker' | 'action' | 'outcome' | 'outcomeDetail'> {
  readonly head: string;
  readonly tail: string;
}

function isLike(item: EndedItem, kept: KeptTexts): boolean {
  return (
    item.outcome === kept.outcome &&
    item.action === kept.action &&
    item.broker === kept.broker &&
    item.outcomeDetail === kept.outcomeDetail
  );
}

/** The same text as one string, not as a tree of them that is walked whenever it is used. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

/** The members of an object as JSON, each with a comma before it; those that are undefined are left out. */
function membersOf(members: JsonObject): string {
  const text = JSON.stringify(members);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
}

/** Names a call, if it has no name yet. */
export function nameCall(request: RequestRecord): string {
  return (request.callId ??= randomUUID());
}

/** The part of a record that does not depend on what is done, in the order of its fields. */
function originOf({ audited, caller, project, broker, callId, reason }: RequestRecord) {
  return {
    time: isoTime(),
    requestId: audited?.requestId,
    caller: caller && bounded(caller.name, MAX_NAME),
    callerKind: caller?.kind,
    callerIssuer: caller?.issuer && bounded(caller.issuer),
    address: audited?.address,
    project: project && bounded(project, MAX_NAME),
    broker: broker && bounded(broker, MAX_NAME),
    action: undefined,
    clientId: undefined,
    topic: undefined,
    callId,
    index: undefined,
    reason: reason && bounded(reason),
  };
}

/** In numbers, as for a call with many items. */
function summaryOf(parts: readonly OnBroker[]): JsonObject {
  const count = (isCounted: (part: OnBroker) => boolean): number => parts.filter(isCounted).length;
  const done = count(({ outcome }) => outcome === 'OK');
  const notSent = count(({ outcomeDetail }) => outcomeDetail === 'not-sent');
  const unknown = count(({ outcomeDetail }) => outcomeDetail === 'unknown');
  const total = parts.length;
  return { total, done, failed: total - done - notSent - unknown, notSent, unknown };
}

function boundedDetails(details: JsonObject): JsonObject {
  const text = JSON.stringify(details);
  return text.length <= MAX_DETAILS ? details : { cut: bounded(text) };
}

function millisecondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1000) / 1000;
}
