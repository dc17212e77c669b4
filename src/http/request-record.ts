import type { Caller } from '../auth/caller.js';
import type { ErrorCode } from '../errors/error-codes.js';

/** What becomes known of a request on its way through; the request log is written from it. */
export interface RequestRecord {
  readonly startedAt: number;
  /** Set by authentication. */
  caller?: Caller;
  /** Set from the path by authorization. */
  project?: string;
  broker?: string;
  /** Set by the features that act on a client. */
  action?: string;
  clientId?: string;
  topic?: string;
  /** The error's code; absent while there is none. */
  errorCode?: ErrorCode;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set for every request before anything else runs. */
    record: RequestRecord;
  }
}
