import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AuditedAction } from '../access/actions.js';
import type { Caller } from '../access/caller.js';
import type { Outcome } from '../broker-gateway/gateway-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { JsonObject } from '../json/json.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every request before anything else runs. */
    record: RequestRecord;
  }
}

/** What became of an action on one of several brokers. */
export interface OnBroker {
  readonly broker: string;
  /** Undefined before it has ended. */
  readonly outcome?: 'OK' | ErrorCode | undefined;
  /** Whether a command that failed can have been executed; undefined where the error does not tell. */
  readonly outcomeDetail?: Outcome | undefined;
  /** What is to be said of it beside the details of the whole. */
  readonly details?: JsonObject;
}

/** What becomes known of a request on its way through; the request log and the audit trail are written from it. */
export class RequestRecord {
  readonly startedAt = performance.now();
  /** Set by authentication. */
  caller: Caller | undefined;
  /** Why authentication refused it, in words that are for the log only. */
  refusal: string | undefined;
  /** Set from the path by authorization. */
  project: string | undefined;
  broker: string | undefined;
  /** Set on the routes that are audited, once the caller is known. */
  audited: { readonly requestId: string; readonly address: string } | undefined;
  /** What the request does; set with `audited`. */
  action: AuditedAction | undefined;
  /** Set by the features that act on a client. */
  clientId: string | undefined;
  topic: string | undefined;
  /** Why, in the caller's words. */
  reason: string | undefined;
  /** Set for a call with many items: what the records of the call and of its items have in common. */
  callId: string | undefined;
  /** What an action is about that is not on one client; for the audit trail. */
  details: JsonObject | undefined;
  /** Set for an action on several brokers, from before it begins: each has a record and an event of its own. */
  onBrokers: readonly OnBroker[] | undefined;
  /** The error's code; undefined while there is none. Of an action that failed on each of several brokers, one of theirs. */
  errorCode: ErrorCode | undefined;
  /** Whether a command that failed can have been executed; undefined where the error does not tell. */
  outcomeDetail: Outcome | undefined;
}

const SANE_REQUEST_ID = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** The caller's own `X-Request-Id` if it is sane (1 to 128 harmless characters), else a new UUID. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && SANE_REQUEST_ID.test(header) ? header : randomUUID();
}
