import { randomUUID } from 'node:crypto';
import type { AuditedAction, ControlAction } from '../access/actions.js';
import type { Outcome } from '../broker-gateway/gateway-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { RequestRecord } from '../http/request-record.js';
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
  readonly address?: string | undefined;
  readonly project?: string | undefined;
  readonly broker?: string | undefined;
  readonly action?: AuditedAction | undefined;
  readonly clientId?: string | undefined;
  readonly topic?: string | undefined;
  /** What the call and the records of its items have in common, where one call has many. */
  readonly callId?: string | undefined;
  /** The item's place in its call, from 0. */
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

/** Writes down what is known of a request by now. */
export function recordOf(
  request: RequestRecord,
  outcome: AuditOutcome = request.errorCode ?? 'OK',
): AuditRecord {
  const { action, clientId, topic, outcomeDetail } = request;
  return {
    ...originOf(request),
    action,
    clientId: clientId && bounded(clientId),
    topic: topic && bounded(topic),
    details: request.details && boundedDetails(request.details),
    outcome,
    outcomeDetail,
    durationMs: millisecondsSince(request.startedAt),
  };
}

/**
 * Makes the records of a call's items: what they have in common is written down once.
 *
 * @returns a function that makes the record of one item
 */
export function itemRecords(
  request: RequestRecord,
): (item: AuditItem, outcome: AuditOutcome, outcomeDetail?: Outcome) => AuditRecord {
  const { requestId, caller, callerKind, address, project, broker, callId, reason } = originOf(request);
  return (item, outcome, outcomeDetail) => ({
    time: isoTime(),
    requestId,
    caller,
    callerKind,
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
 * Makes the records of a call's items as lines of JSON, the same as {@link itemRecords}: what they have in common is
 * encoded once. A call ends a hundred thousand items a second.
 */
export function itemLines(request: RequestRecord): (item: EndedItem) => string {
  const { requestId, caller, callerKind, address, project, broker, callId, reason } = originOf(request);
  const who = membersOf({ requestId, caller, callerKind, address, project });
  const call = `${membersOf({ callId })},"index":`;
  const why = `${membersOf({ reason })},"outcome":"`;
  let time = '';
  let where: string | undefined;
  let head = '';
  return (item) => {
    // Of what few items differ in, the text is kept for the next one.
    if (time !== isoTime() || where !== item.broker) {
      time = isoTime();
      where = item.broker;
      const named = where === undefined ? broker : bounded(where, MAX_NAME);
      head = Buffer.from(`{"time":"${time}"${who}${membersOf({ broker: named })}`).toString();
    }
    const { action, clientId, topic, outcomeDetail } = item;
    // An array that is joined is one string; a sum of strings would be a tree of them, for the garbage collector to walk.
    return [
      head,
      action === undefined ? '' : `,"action":"${action}"`,
      clientId === undefined ? '' : `,"clientId":${JSON.stringify(bounded(clientId))}`,
      topic === undefined ? '' : `,"topic":${JSON.stringify(bounded(topic))}`,
      call,
      item.index,
      why,
      item.outcome,
      outcomeDetail === undefined ? '"' : `","outcomeDetail":"${outcomeDetail}"`,
      ',"durationMs":',
      millisecondsSince(request.startedAt),
      '}\n',
    ].join('');
  };
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

function boundedDetails(details: JsonObject): JsonObject {
  const text = JSON.stringify(details);
  return text.length <= MAX_DETAILS ? details : { cut: bounded(text) };
}

function millisecondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1000) / 1000;
}
