import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** Sends what Nest itself logs to the service's logger. */
export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Nest's own progress messages are of no use to an operator at `info`. */
  log(message: unknown, context?: unknown): void {
    this.#logger.debug({ context }, String(message));
  }

  debug(message: unknown, context?: unknown): void {
    this.#logger.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: unknown): void {
    this.#logger.trace({ context }, String(message));
  }

  warn(message: unknown, context?: unknown): void {
    this.#logger.warn({ context }, String(message));
  }

  error(message: unknown, ...details: unknown[]): void {
    this.#logger.error({ details }, String(message));
  }

  fatal(message: unknown, ...details: unknown[]): void {
    this.#logger.fatal({ details }, String(message));
  }
}
