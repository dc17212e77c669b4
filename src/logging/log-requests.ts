import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { whenOver } from '../http/when-over.js';
import { readTraceParent } from './trace-parent.js';

/** Logs one line per request when it is answered: who did what to which client, with what outcome, in how many milliseconds. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  // The line holds named fields only, none of them a credential: there is nothing to search for in every one of them.
  const lines = logger.child({}, { redact: [] });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    logWhenAnswered(request, reply, lines);
    done();
  });
}

/** Logs a request's line once its answer has left, or could not because the caller had gone away. */
export function logWhenAnswered(request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const callerGone = reply.raw.destroyed || undefined;
  whenOver(reply.raw, () => {
    const { record } = request;
    logger.info(
      {
        requestId: request.id,
        ...readTraceParent(request.headers.traceparent),
        method: request.method,
        // A query could hold what does not belong into a log.
        path: request.url.split('?', 1)[0],
        status: reply.statusCode,
        caller: record.caller?.name,
        callerKind: record.audited && record.caller?.kind,
        address: record.audited?.address,
        project: record.project,
        broker: record.broker,
        action: record.action,
        clientId: record.clientId,
        topic: record.topic,
        outcome: record.errorCode ?? 'OK',
        outcomeDetail: record.outcomeDetail,
        callerGone,
        durationMs: Math.round((performance.now() - record.startedAt) * 1000) / 1000,
      },
      'request',
    );
  });
}
