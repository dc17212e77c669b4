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
