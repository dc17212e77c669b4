import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import helmet, { type HelmetOptions } from 'helmet';

/** What a page may do: a Content Security Policy. */
type Directives = Record<string, string[]>;
type Headers = Parameters<FastifyReply['headers']>[0];

/** What an answer of the API may do in a browser: nothing. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** What Swagger UI needs: its own files, the inline styles of its page, its icons as data URLs, and calls of the API. */
const DOCS_POLICY: Directives = {
  'default-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
};

const HSTS = 'max-age=31536000; includeSubDomains';

/** Paths of pages; everything else is an answer of the API. */
const PAGES = /^\/api\/docs(?:[/?]|$)/;

/**
 * The security headers, computed once instead of per request: the full set that Helmet advises for pages, and for answers
 * of the API those that mean something there. These are not to be stored: they tell of devices, and are for one caller.
 * `Strict-Transport-Security` only comes with HTTPS of the service's own.
 *
 * Source: OWASP REST Security Cheat Sheet, section Security Headers.
 */
export class SecurityHeaders {
  readonly #api: Headers;
  readonly #pages: Headers;

  constructor(isHttps: boolean) {
    this.#api = {
      'cache-control': 'no-store',
      'content-security-policy': API_POLICY,
      'x-content-type-options': 'nosniff',
      ...(isHttps && { 'strict-transport-security': HSTS }),
    };
    this.#pages = pageHeaders(DOCS_POLICY, isHttps);
  }

  /** Puts them on the answer to a request. */
  apply(url: string, reply: FastifyReply): void {
    void reply.headers(PAGES.test(url) ? this.#pages : this.#api);
  }
}

/** The headers of a page that may do what the directives say. */
export function pageHeaders(directives: Directives, isHttps: boolean): Headers {
  const options: HelmetOptions = {
    contentSecurityPolicy: { useDefaults: false, directives },
    strictTransportSecurity: isHttps,
    xFrameOptions: { action: 'deny' },
  };
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet(options)(response.req, response, () => undefined);
  return { ...response.getHeaders() };
}
