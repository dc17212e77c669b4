import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import { invalid } from '../errors/issue.js';
import type { Drain } from './drain.js';
import { whenOver } from './when-over.js';

const HEALTH_PREFIX = '/health/';

/**
 * What every request gets before anything else runs: a record, an `X-Request-Id`, and a refusal while the service drains.
 * Bodies are left unread, for {@link ValidatingPipe} to read once the guards have let the request through.
 */
export function addHttpHooks(fastify: FastifyInstance, drain: Drain): void {
  // Without a body in Fastify's eyes, it judges no media type before the guards have run.
  for (const method of fastify.supportedMethods) {
    fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }
  // An expectation that Node does not know is no reason for a 417 without our error body. Source: RFC 9110 section 10.1.1.
  fastify.server.on('checkExpectation', (...exchange) => fastify.server.emit('request', ...exchange));

  fastify.decorateRequest('record');
  fastify.addHook('onRequest', (request, reply, done) => {
    request.record = { startedAt: performance.now() };
    request.body = request.raw;
    drain.enter();
    void reply.header('X-Request-Id', request.id);
    if (drain.isDraining && !request.url.startsWith(HEALTH_PREFIX)) {
      done(new AppError('SHUTTING_DOWN', 'The service is shutting down', undefined, { Connection: 'close' }));
    } else if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
      done(invalid([{ path: '', message: 'the request has no Host header' }]));
    } else done();
  });
  // Not onResponse: that hook never runs when the caller has gone away before the answer.
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    whenOver(reply.raw, () => drain.leave());
    done();
  });
}
