import type { IncomingHttpHeaders } from 'node:http';
import type { HttpConfig } from '../../config/config.js';
import type { ConfigStore } from '../../config/config-store.js';
import { AppError } from '../../errors/app-error.js';

/** A host, or an IPv6 address in brackets, and perhaps a port. Source: RFC 9110 section 7.2, RFC 3986 section 3.2.2. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+;=-]+?)\.?(?::\d{0,5})?$/i;
const LOOPBACK_ADDRESS = /^(127(\.\d{1,3}){3}|::1|localhost)$/;
/** Which names mean this machine itself, whatever anybody's name server says. */
const LOOPBACK_HOST = /^(127(\.\d{1,3}){3}|\[::1\]|([^.]+\.)*localhost)$/;

/** The host name in a `Host` header, in lower case and without port; undefined if the header is not valid. */
export function hostNameOf(header: string): string | undefined {
  return HOST.exec(header)?.[1]?.toLowerCase();
}

/** Decides on a host name; undefined where every name is allowed. */
type Rule = ((name: string) => boolean) | undefined;

/**
 * Keeps pages of other sites away whose names lead to this service: a page of `evil.example`, once its name is made to
 * point to 127.0.0.1, is of the service's own origin to a browser (DNS rebinding). It cannot hide its name, though.
 */
export class AllowedHosts {
  readonly #config: ConfigStore;
  #http: HttpConfig | undefined;
  #rule: Rule;
  /** The latest `Host` that was allowed: usually that of the next request. */
  #allowed: string | undefined;

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  /** @returns why a request with these headers is refused: `HOST_NOT_ALLOWED`; undefined if it is not */
  refusalOf({ host, origin }: IncomingHttpHeaders): AppError | undefined {
    const { http } = this.#config.current;
    if (http !== this.#http) {
      this.#http = http;
      this.#rule = ruleOf(http);
      this.#allowed = undefined;
    }
    const rule = this.#rule;
    if (rule === undefined) return undefined;
    if (host !== undefined && host !== this.#allowed) {
      if (!rule(hostNameOf(host) ?? '')) return notAllowed('Host');
      this.#allowed = host;
    }
    return origin === undefined || isAllowedOrigin(origin, rule, http.corsOrigins)
      ? undefined
      : notAllowed('Origin');
  }
}

function ruleOf({ host, allowedHosts, publicUrl }: HttpConfig): Rule {
  if (allowedHosts === undefined && !LOOPBACK_ADDRESS.test(host)) return undefined;
  const names = new Set((allowedHosts ?? []).map((name) => name.toLowerCase()));
  if (publicUrl !== undefined) names.add(new URL(publicUrl).hostname);
  const suffixes = [...names].filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return (name) =>
    names.has(name) ||
    suffixes.some((suffix) => name.endsWith(suffix)) ||
    (allowedHosts === undefined && LOOPBACK_HOST.test(name));
}

function isAllowedOrigin(origin: string, rule: NonNullable<Rule>, corsOrigins: readonly string[]): boolean {
  // "null" is the origin of sandboxed pages and local files.
  if (!URL.canParse(origin)) return false;
  return rule(new URL(origin).hostname) || corsOrigins.some((allowed) => new URL(allowed).origin === origin);
}

const notAllowed = (header: 'Host' | 'Origin'): AppError =>
  new AppError(
    'HOST_NOT_ALLOWED',
    `The service does not go by the name in ${header}; see http.allowedHosts`,
    {
      header,
    },
  );
