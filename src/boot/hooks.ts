import type { IncomingMessage } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { auditAnswers } from '../audit/audit-requests.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { AppError } from '../errors/app-error.js';
import { EventHub } from '../events/event-hub.js';
import type { AppErrorFilter } from '../http/app-error.filter.js';
import { Drain } from '../http/drain.js';
import { Exchange } from '../http/exchange.js';
import { HttpMetrics } from '../http/http-metrics.js';
import { RequestRecord } from '../http/request-record.js';
import { answerConnect } from '../http/server/answer-bad-request.js';
import type { AllowedHosts } from '../http/server/allowed-hosts.js';
import type { AllowedMethods } from '../http/server/allowed-methods.js';
import type { SecurityHeaders } from '../http/server/security-headers.js';
import { cutUnreadAnswers } from '../http/server/unread-answers.js';
import { malformation, withoutPorts } from '../http/server/well-formed.js';
import { RequestLog } from '../logging/log-requests.js';

/** What the hooks work with, besides the application's own. */
export interface HookParts {
  readonly allowedMethods: AllowedMethods;
  readonly securityHeaders: SecurityHeaders;
  readonly allowedHosts: AllowedHosts;
  readonly filter: AppErrorFilter;
  readonly logger: Logger;
}

/** Answers a request for which Fastify runs no hooks, as it cannot even read its path. */
export type AnswerUnroutable = (error: Error, request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Puts on an application, before its routes are registered, everything that happens to every request outside of Nest: all
 * hooks of the HTTP server, in the order in which they run. Between the two parts Nest's own pipeline has its turn:
 * `AccessGuard`, `ValidatingPipe`, the controller; what any of them throws goes to `AppErrorFilter`.
 */
export function addHooks(app: NestFastifyApplication, parts: HookParts): AnswerUnroutable {
  const fastify = app.getHttpAdapter().getInstance();
  const { allowedMethods, allowedHosts, securityHeaders, filter, logger } = parts;
  const drain = app.get(Drain);
  const metrics = app.get(HttpMetrics);
  const events = app.get(EventHub);
  const requestLog = new RequestLog(logger);

  // ── The server ──
  // Fastify is told that no method has a body, so that it neither judges media types nor reads anything before the guard
  // has let the request through. The body is the unread request until ValidatingPipe reads it.
  for (const method of fastify.supportedMethods)
    fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  // An expectation that Node does not know is no reason for a 417 without our error body. Source: RFC 9110 section 10.1.1.
  fastify.server.on('checkExpectation', (...exchange) => fastify.server.emit('request', ...exchange));

  // A proxy is not what this is. CONNECT takes the connection away from HTTP, so it is answered by hand.
  fastify.server.on('connect', ({ socket }: IncomingMessage) => answerConnect(socket));

  cutUnreadAnswers(fastify.server);

  // ── Each route, when it is registered ──
  fastify.addHook('onRoute', (route) => {
    allowedMethods.note(route);
    // For what fails in a hook. Nest sets Fastify's handler only after all init hooks, and when those take time its routes
    // are stuck with Fastify's own.
    route.errorHandler = (error, request, reply) => filter.answer(error, request, reply);
  });

  // ── A request has arrived ──
  const end = (exchange: Exchange): void => {
    requestLog.write(exchange);
    events.onRequestEnd(exchange.request.record);
    drain.leave();
  };
  const begin = (request: FastifyRequest, reply: FastifyReply): void => {
    const { headers } = request.raw;
    const forwardedFor = headers['x-forwarded-for'];
    if (typeof forwardedFor === 'string') headers['x-forwarded-for'] = withoutPorts(forwardedFor);
    request.record = new RequestRecord();
    request.exchange = new Exchange(request, reply, end);
    drain.enter();
    // Names of headers are written in small letters, as Fastify would make others of them anyway, for every answer.
    void reply.header('x-request-id', request.id);
    securityHeaders.apply(request.url, reply);
  };
  const isOpenWhatever = (url: string): boolean => url.startsWith('/health/');
  /** Why a request is not even looked at; undefined if it is. */
  const refusalOf = ({ raw, url }: FastifyRequest): AppError | undefined => {
    // Probes are answered while the service drains, and by whatever name an orchestrator calls.
    if (isOpenWhatever(url)) return malformation(raw);
    if (drain.isDraining)
      return new AppError('SHUTTING_DOWN', 'The service is shutting down', undefined, {
        Connection: 'close',
      });
    return malformation(raw) ?? allowedHosts.refusalOf(raw.headers);
  };
  fastify.decorateRequest('record');
  fastify.decorateRequest('exchange');
  fastify.addHook('onRequest', (request, reply, done) => {
    begin(request, reply);
    request.body = request.raw;
    done(refusalOf(request));
  });

  // ── Its answer is ready, and has not left ──
  const leave = (request: FastifyRequest, reply: FastifyReply): void => {
    metrics.observe(request, reply);
    // From here on the exchange waits for the answer to leave, or for the caller to be gone; then it ends: log and drain.
    request.exchange.noteAnswer();
  };
  const audit = auditAnswers(app.get(AuditTrail), logger);
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    // First, as an answer that cannot be audited although it must be becomes another one.
    const audited = audit(request, reply);
    if (audited === undefined) {
      leave(request, reply);
      done();
    } else
      audited
        .then((instead) => {
          leave(request, reply);
          done(null, instead);
        })
        .catch(done);
  });

  return (error, request, reply) => {
    begin(request, reply);
    filter.answer(error, request, reply);
    leave(request, reply);
  };
}
