import type { IncomingMessage } from 'node:http';

/** One JSON value per line. */
export const NDJSON = 'application/x-ndjson';

/** Whether the caller asks for one JSON value per line. Whoever names it gets it: browsers and most clients never do. */
export function wantsNdjson({ headers }: IncomingMessage): boolean {
  return (headers.accept ?? '')
    .split(',')
    .some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === NDJSON);
}

/** Whether a body has one JSON value per line. */
export function isNdjson({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === NDJSON;
}
