import type { AuditedAction } from '../access/actions.js';
import type { Caller } from '../access/caller.js';
import type { Outcome } from '../broker-gateway/gateway-error.js';
import type { ErrorCode } from '../errors/error-codes.js';

/** What becomes known of a request on its way through; the request log and the audit trail are written from it. */
export interface RequestRecord {
  readonly startedAt: number;
  /** Set by authentication. */
  caller?: Caller;
  /** Set from the path by authorization. */
  project?: string;
  broker?: string;
  /** Set on the routes that are audited, once the caller is known. */
  audited?: { readonly requestId: string; readonly address: string };
  /** What the request does; set with `audited`. */
  action?: AuditedAction;
  /** Set by the features that act on a client. */
  clientId?: string;
  topic?: string;
  /** The error's code; absent while there is none. */
  errorCode?: ErrorCode;
  /** Whether a command that failed can have been executed; absent where the error does not tell. */
  outcomeDetail?: Outcome;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every request before anything else runs. */
    record: RequestRecord;
  }
}
