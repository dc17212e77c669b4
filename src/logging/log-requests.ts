import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

/** Logs one line per request when it is answered: who did what to which client, with what outcome, in how many milliseconds. */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const { record } = request;
    logger.info(
      {
        requestId: request.id,
        method: request.method,
        path: request.url,
        status: reply.statusCode,
        caller: record.caller?.name,
        project: record.project,
        broker: record.broker,
        action: record.action,
        clientId: record.clientId,
        topic: record.topic,
        outcome: record.errorCode ?? 'OK',
        durationMs: Math.round((performance.now() - record.startedAt) * 1000) / 1000,
      },
      'request',
    );
    done();
  });
}
