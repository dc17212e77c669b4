import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { AppError } from '../errors/app-error.js';
import type { AuditTrail } from './audit-trail.js';

/**
 * Has a request written to the trail before its answer leaves, and resolves to the answer to send instead: one that cannot be
 * audited although it must be becomes a 500. Undefined at once if there is nothing to write.
 */
export type AuditAnswer = (
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<string | undefined> | undefined;

/** Audits every answer to an audited request, refusals by guards included. */
export function auditAnswers(trail: AuditTrail, logger: Logger): AuditAnswer {
  trail.logTo(logger);
  if (trail.store === undefined && !logger.isLevelEnabled('info')) {
    logger.error('control actions are not audited: there is no audit store, and the log leaves out requests');
  }
  return ({ record }, reply) => {
    if (record.audited === undefined) return undefined;
    // The line that the request has in the log anyhow says it all, except of each of several brokers.
    if (trail.store === undefined && record.onBrokers === undefined) return undefined;
    return trail.conclude(record).then((failure) => {
      // A 500 says already that something is wrong, and knows better what.
      if (failure === undefined || record.errorCode === 'INTERNAL_ERROR') return undefined;
      record.errorCode = failure.code;
      return answerInstead(failure, reply);
    });
  };
}

function answerInstead(failure: AppError, reply: FastifyReply): string {
  void reply.code(failure.status).removeHeader('Content-Length').removeHeader('Retry-After');
  void reply.header('Content-Type', 'application/json; charset=utf-8');
  return JSON.stringify(failure.toBody());
}
