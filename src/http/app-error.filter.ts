import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { AllowedMethods } from './server/allowed-methods.js';
import { AppError } from '../errors/app-error.js';
import { toAppError } from './to-app-error.js';

/** The one place that answers errors: every layer's end up here, and leave as the contract's error body. */
@Catch()
export class AppErrorFilter implements ExceptionFilter {
  readonly #allowedMethods: AllowedMethods;
  readonly #logger: Logger;

  constructor(allowedMethods: AllowedMethods, logger: Logger) {
    this.#allowedMethods = allowedMethods;
    this.#logger = logger;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    this.answer(thrown, host.getArgByIndex<FastifyRequest>(0), host.getArgByIndex<FastifyReply>(1));
  }

  /** Sends the answer; also for what fails before Nest sees the request. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = this.#wrongMethod(toAppError(thrown, request.id), request);
    if (error.code === 'INTERNAL_ERROR')
      this.#logger.error({ requestId: request.id, err: error.cause ?? error }, 'unforeseen error');
    request.record.errorCode = error.code;
    const outcome = error.info?.outcome;
    if (outcome === 'not-sent' || outcome === 'unknown') request.record.outcomeDetail = outcome;
    if (reply.sent || reply.raw.headersSent) return;
    void reply
      .code(error.status)
      .headers(error.headers)
      .header('x-request-id', request.id)
      .header('content-type', 'application/json; charset=utf-8')
      .send(JSON.stringify(error.toBody()));
  }

  #wrongMethod(error: AppError, { method, url }: FastifyRequest): AppError {
    if (error.code !== 'ROUTE_NOT_FOUND') return error;
    const allowed = this.#allowedMethods.find(url);
    // A path that takes the method led to a file that is not there.
    return allowed.length === 0 || allowed.includes(method)
      ? error
      : new AppError(
          'METHOD_NOT_ALLOWED',
          `This path does not take ${method}`,
          { allowed },
          { Allow: allowed.join(', ') },
        );
  }
}
