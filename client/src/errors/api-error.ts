import type { ErrorCode, ErrorResponse } from '../generated/types.gen.js';

/** The body of an error answer with one of these codes. */
export type ErrorBody<Code extends ErrorCode> = Extract<ErrorResponse, { code: Code }>;

/** The service's answer that something was not done; see {@link ApiError}. */
class ServiceError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly info: unknown;
  /** Names this call in the service's log and audit trail. */
  readonly requestId: string | undefined;
  /** From `Retry-After`: when to try again, milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(body: ErrorResponse, headers = new Headers()) {
    super(body.message);
    this.code = body.code;
    this.status = body.status;
    this.info = 'info' in body ? body.info : undefined;
    this.requestId = headers.get('X-Request-Id') ?? undefined;
    const seconds = Number(headers.get('Retry-After') ?? Number.NaN);
    this.retryAfterMs = seconds >= 0 ? seconds * 1000 : undefined;
  }
}

/**
 * The service refused or failed: `code` says what, for programs, and tells what `info` holds. Codes are those of
 * docs/errors.md; a newer service may send others.
 *
 * @example
 * if (error instanceof ApiError && error.code === 'BROKER_TIMEOUT') console.log(error.info.outcome);
 */
export type ApiError<Code extends ErrorCode = ErrorCode> = ServiceError & ErrorBody<Code>;

// What `new` makes has the fields of one of the union's members, which a class cannot say of itself.
export const ApiError = ServiceError as unknown as {
  new (body: ErrorResponse, headers?: Headers): ApiError;
  readonly prototype: ApiError;
};

/** Whether something that was thrown is the service's error, with one of these codes if any are given. */
export function isApiError<Code extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is ApiError<Code> {
  return error instanceof ServiceError && (codes.length === 0 || codes.some((code) => code === error.code));
}

/** Whether there was no connection of this client to act upon: the broker knows no such client, or it is not connected. */
export function isClientNotFound(
  error: unknown,
): error is ApiError<'CLIENT_NOT_FOUND' | 'CLIENT_NOT_CONNECTED'> {
  return isApiError(error, 'CLIENT_NOT_FOUND', 'CLIENT_NOT_CONNECTED');
}

/** Whether the error says, in `info.outcome`, if the command may have reached the broker: `not-sent` or `unknown`. */
export function hasOutcome(error: unknown): error is ApiError<'BROKER_UNAVAILABLE' | 'BROKER_TIMEOUT'> {
  return (
    isApiError(error, 'BROKER_UNAVAILABLE', 'BROKER_TIMEOUT') &&
    typeof error.info === 'object' &&
    'outcome' in error.info
  );
}

/** Whether nobody knows if what was asked for was done: the broker did not answer, or the service could not. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (hasOutcome(error)) return error.info.outcome === 'unknown';
  // A proxy that lost the service, or had no patience with it.
  if (error instanceof UnexpectedAnswerError) return error.status === 502 || error.status === 504;
  return error instanceof ConnectionError && error.isSent;
}

/** The service was not reached, or the connection was lost before its answer was there. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** False: the request never left. True: it may have been carried out. */
  readonly isSent: boolean;

  constructor(message: string, isSent: boolean, cause?: unknown) {
    super(message, { cause });
    this.isSent = isSent;
  }
}

/** What answered is not this service, or something on the way answered for it: a proxy, a login page, another program. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** A stream ended without its last line: what came is true, but not all. */
export class CutOffError extends Error {
  override readonly name = 'CutOffError';

  constructor(cause?: unknown) {
    super('The answer was cut off', { cause });
  }
}
