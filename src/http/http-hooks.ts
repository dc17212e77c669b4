import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import type { Drain } from './drain.js';

const HEALTH_PREFIX = '/health/';

/**
 * What every request gets before anything else runs: a record, an `X-Request-Id`, and a refusal while the service drains.
 * Bodies are left unread, for {@link ValidatingPipe} to read once the guards have let the request through.
 */
export function addHttpHooks(fastify: FastifyInstance, drain: Drain): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

  fastify.decorateRequest('record');
  fastify.addHook('onRequest', (request, reply, done) => {
    request.record = { startedAt: performance.now() };
    drain.enter();
    void reply.header('X-Request-Id', request.id);
    if (drain.isDraining && !request.url.startsWith(HEALTH_PREFIX)) {
      done(new AppError('SHUTTING_DOWN', 'The service is shutting down', undefined, { Connection: 'close' }));
    } else done();
  });
  fastify.addHook('onResponse', (_request, _reply, done) => {
    drain.leave();
    done();
  });
}
