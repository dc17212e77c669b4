import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { ConfigStore } from '../../config/config-store.js';

const PREFLIGHT_MAX_AGE_SECONDS = 600;

/**
 * Lets pages of the configured origins call the API, if there are any; without one there are no CORS headers at all.
 * They may do what the API can do: a test compares both lists with the OpenAPI document.
 * Preflights are answered before authentication, as browsers send them without credentials. A reload may change the
 * list of origins; from none to some needs a restart.
 *
 * Source: https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function addCors(fastify: FastifyInstance, config: ConfigStore): void {
  if (config.current.http.corsOrigins.length === 0) return;
  void fastify.register(cors, {
    origin: (origin, answer) => {
      const isAllowed = config.current.http.corsOrigins.some((allowed) => new URL(allowed).origin === origin);
      answer(null, origin !== undefined && isAllowed ? origin : false);
    },
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'Last-Event-ID',
      'X-Request-Id',
      'traceparent',
      'tracestate',
    ],
    exposedHeaders: [
      'Allow',
      'Idempotency-Replayed',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'WWW-Authenticate',
      'X-Audit-Oldest',
      'X-Audit-Source',
      'X-Malformed-Lines',
      'X-Next-Cursor',
      'X-Request-Id',
      'X-Retained',
      'X-Subscription',
      'X-Total-Count',
    ],
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
    // Its refusal would not be the contract's error body.
    strictPreflight: false,
  });
}
