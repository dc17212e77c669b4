import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import helmet, { type HelmetOptions } from 'helmet';

type Directives = Record<string, string[]>;
type Headers = Parameters<FastifyReply['headers']>[0];

/** What an answer of the API may do in a browser: nothing. */
const API_POLICY: Directives = {
  'default-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** What Swagger UI needs on top: its own files, the inline styles of its page, its icons as data URLs, and calls of the API. */
const DOCS_POLICY: Directives = {
  ...API_POLICY,
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
};

const DOCS_PATH = /^\/api\/docs(?:[/?]|$)/;

/**
 * The headers that Helmet advises, computed once instead of per request. `Strict-Transport-Security` only comes with
 * HTTPS of the service's own. API answers are not to be stored: they tell of devices, and are for one caller.
 */
export class SecurityHeaders {
  readonly #api: Headers;
  readonly #docs: Headers;

  constructor(isHttps: boolean) {
    this.#api = { ...headersFrom(API_POLICY, isHttps), 'cache-control': 'no-store' };
    this.#docs = headersFrom(DOCS_POLICY, isHttps);
  }

  /** Puts them on the answer to a request. */
  apply(url: string, reply: FastifyReply): void {
    void reply.headers(DOCS_PATH.test(url) ? this.#docs : this.#api);
  }
}

function headersFrom(directives: Directives, isHttps: boolean): Headers {
  const options: HelmetOptions = {
    contentSecurityPolicy: { useDefaults: false, directives },
    strictTransportSecurity: isHttps,
    xFrameOptions: { action: 'deny' },
  };
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet(options)(response.req, response, () => undefined);
  return { ...response.getHeaders() };
}
