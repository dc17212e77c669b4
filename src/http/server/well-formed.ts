import type { IncomingMessage } from 'node:http';
import type { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { hostNameOf } from './allowed-hosts.js';

/** The latest `Host` that was valid: usually that of the next request. */
let validHost: string | undefined;

/**
 * What makes a request not well-formed although Node's parser takes it: a request that two servers could understand
 * differently is answered by none. Duplicates of headers arrive joined by commas.
 *
 * Source: RFC 9112 sections 3.2 and 6.1; RFC 3986 section 2.1.
 */
export function malformation({ url = '', headers, httpVersion }: IncomingMessage): AppError | undefined {
  const { host, 'transfer-encoding': transferEncoding } = headers;
  if (host === undefined) {
    if (httpVersion === '1.1') return problem('the request has no Host header');
  } else if (host !== validHost) {
    if (hostNameOf(host) === undefined) return problem('the Host header is not valid');
    validHost = host;
  }
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked')
    return problem('chunked is the only transfer coding that is understood');
  const query = url.indexOf('?');
  if (query >= 0 && url.includes('%', query) && !isDecodable(url.slice(query)))
    return problem('the query is not well-formed: it is not percent-encoded UTF-8');
  return undefined;
}

const problem = (message: string): AppError => invalid([{ path: '', message }]);

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const ADDRESS_WITH_PORT = /^(?:\[([0-9A-Fa-f:.]+)\](?::\d+)?|(\d{1,3}(?:\.\d{1,3}){3}):\d+)$/;

/** An `X-Forwarded-For` header without the ports, and the brackets of IPv6, that some proxies write. */
export function withoutPorts(forwardedFor: string): string {
  return forwardedFor
    .split(',')
    .map((each) => {
      const [, bracketed, plain] = ADDRESS_WITH_PORT.exec(each.trim()) ?? [];
      return bracketed ?? plain ?? each;
    })
    .join(',');
}
