import { ERROR_CODES, type ErrorCode } from './error-codes.js';

/** The body of every error answer. `info` is absent where the code carries no facts. */
export interface ErrorBody {
  readonly message: string;
  readonly code: ErrorCode;
  readonly status: number;
  readonly info?: Readonly<Record<string, unknown>>;
}

/**
 * An error that is an answer to somebody, not a fault of the program. It has no stack: nobody would read it, and to
 * capture one costs more than the rest of the answer. What is a fault comes as `cause`, with its own.
 */
export class ExpectedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** An error with a code of the REST contract; the exception filter turns it into an {@link ErrorBody}. */
export class AppError extends ExpectedError {
  override readonly name = 'AppError';
  /** HTTP status, taken from {@link ERROR_CODES}. */
  readonly status: number;

  /**
   * @param code what happened, from the table
   * @param message for people; names the field or the id concerned, holds no secret
   * @param info facts for programs
   * @param headers response headers that belong to this error, for example `Retry-After`
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly info?: Readonly<Record<string, unknown>>,
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = ERROR_CODES[code].status;
  }

  /** The answer to send. */
  toBody(): ErrorBody {
    const { message, code, status, info } = this;
    return info === undefined ? { message, code, status } : { message, code, status, info };
  }
}
