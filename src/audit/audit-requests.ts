import type { FastifyReply, onSendHookHandler } from 'fastify';
import type { Logger } from 'pino';
import type { AppError } from '../errors/app-error.js';
import type { AuditTrail } from './audit-trail.js';

/**
 * The hook that has every audited request written to the trail before its answer leaves, refusals by guards included. An
 * answer that cannot be audited although it must be becomes a 500.
 */
export function auditHook(trail: AuditTrail, logger: Logger): onSendHookHandler {
  trail.logTo(logger);
  if (trail.store === undefined && !logger.isLevelEnabled('info')) {
    logger.error('control actions are not audited: there is no audit store, and the log leaves out requests');
  }
  return (request, reply, _payload, done) => {
    const { record } = request;
    if (record.audited === undefined || trail.store === undefined) {
      done();
      return;
    }
    trail.conclude(record).then((failure) => {
      // A 500 says already that something is wrong, and knows better what.
      if (failure === undefined || record.errorCode === 'INTERNAL_ERROR') done();
      else {
        record.errorCode = failure.code;
        done(null, answerInstead(failure, reply));
      }
    }, done);
  };
}

function answerInstead(failure: AppError, reply: FastifyReply): string {
  void reply.code(failure.status).removeHeader('Content-Length').removeHeader('Retry-After');
  void reply.header('Content-Type', 'application/json; charset=utf-8');
  return JSON.stringify(failure.toBody());
}
