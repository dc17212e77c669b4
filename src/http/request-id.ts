import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SANE = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** The caller's own `X-Request-Id` if it is sane (1 to 128 harmless characters), else a new UUID. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && SANE.test(header) ? header : randomUUID();
}
