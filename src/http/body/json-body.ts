import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { parse as parseSecurely } from 'secure-json-parse';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { ClientConnection } from '../exchange.js';

const MAX_DEPTH = 8;
/** Properties and items, at any depth, of what describes one thing. */
export const MAX_VALUES = 200;
const JSON_MEDIA_TYPE = /^application\/json\s*(;|$)/i;
/** JSON is UTF-8, and has been so always. Source: RFC 8259 section 8.1. */
const CHARSET = /;\s*charset\s*=\s*(?!"?utf-?8"?\s*(;|$))/i;

/**
 * Reads a request's body as JSON.
 *
 * @param limit largest body, bytes
 * @param maxValues properties and items at most, at any depth; the default is enough for every body that describes one thing
 * @param parse turns the bytes into the value; it may take its time
 * @returns the value; a promise of it only if not all of the body has come yet
 * @throws {AppError} `UNSUPPORTED_MEDIA_TYPE`, `PAYLOAD_TOO_LARGE`; `INVALID` for what is not UTF-8, not JSON, nested
 *   too deeply, or has keys that could pollute a prototype
 */
export function readJsonBody(
  request: IncomingMessage,
  limit: number,
  maxValues = MAX_VALUES,
  parse: (bytes: Buffer) => unknown = parseJson,
): unknown {
  const { 'content-type': contentType, 'content-length': contentLength = '0' } = request.headers;
  if (contentLength === '0' && request.headers['transfer-encoding'] === undefined) throw bodyRequired();
  if (contentType === undefined || !JSON_MEDIA_TYPE.test(contentType)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json');
  }
  if (CHARSET.test(contentType)) throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body in UTF-8');
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    // Source: RFC 9110 section 15.5.16.
    throw new AppError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Send the body as it is, without a content coding',
      undefined,
      {
        'Accept-Encoding': 'identity',
      },
    );
  const length = Number(contentLength);
  if (length > limit) throw tooLarge(limit);
  // A small body has usually come along with the headers; then there is no event to wait for.
  const received = request.destroyed ? null : (request.read() as Buffer | null);
  return received !== null && received.length === length
    ? readJson(received, maxValues, parse)
    : readBytes(request, received, limit).then((bytes) => readJson(bytes, maxValues, parse));
}

function readJson(bytes: Buffer, maxValues: number, parse: (bytes: Buffer) => unknown): unknown {
  const problem = shapeProblem(bytes, maxValues);
  if (problem !== undefined) throw invalid([{ path: '', message: `the body ${problem}` }]);
  return parse(bytes);
}

/** @param received what has been read of it already */
function readBytes(request: IncomingMessage, received: Buffer | null, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // A close also follows the end; an error captures a stack, so none is made unless it is needed.
    const endedEarly = (): void => {
      if (!request.readableEnded) reject(invalid([{ path: '', message: 'the body ended early' }]));
    };
    // The caller may have gone while the guards were at work; then no event comes any more.
    if (request.destroyed) endedEarly();
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > limit) {
        request.removeAllListeners('data');
        request.resume();
        reject(tooLarge(limit));
      } else chunks.push(chunk);
    };
    if (received !== null) take(received);
    request.on('data', take);
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on('error', endedEarly);
    request.on('close', endedEarly);
    if (!request.complete) ClientConnection.of(request.socket).onBodyFailure(reject);
  });
}

const tooLarge = (limit: number): AppError =>
  new AppError(
    'PAYLOAD_TOO_LARGE',
    `The body is larger than ${limit} bytes`,
    { limit },
    { Connection: 'close' },
  );

const bodyRequired = (): AppError => invalid([{ path: '', message: 'a body is required' }]);

/** @throws {AppError} `INVALID` */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw bodyRequired();
  if (!isUtf8(bytes)) throw invalid([{ path: '', message: 'the body is not valid UTF-8' }]);
  try {
    return parseSecurely(bytes.toString(), { protoAction: 'error', constructorAction: 'error' }) as unknown;
  } catch {
    throw invalid([{ path: '', message: 'the body is not valid JSON' }]);
  }
}

/** Whether a value is nested deeper than any body has to be. */
export function isNestedTooDeeply(value: unknown): boolean {
  return isDeeperThan(value, MAX_DEPTH);
}

/** Looks no deeper than `depth`, so that hostile nesting costs nothing. */
function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  // Without a list of its values: it is asked for every line of calls with a million.
  for (const key in value) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof item === 'object' && isDeeperThan(item, depth - 1)) return true;
  }
  return false;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
// Written out, as it is asked for each byte of megabytes.
export const isOpening = (byte: number): boolean => byte === 0x5b || byte === 0x7b;
export const isClosing = (byte: number): boolean => byte === 0x5d || byte === 0x7d;

/**
 * What is too much about a JSON text; undefined if nothing is. Tells it from the bytes: 26,000 names take `JSON.parse` alone
 * 20 ms, in which nobody else is served.
 */
export function shapeProblem(bytes: Uint8Array, maxValues: number): string | undefined {
  let values = 0;
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === COMMA) values += 1;
    else if (isOpening(byte)) {
      values += 1;
      depth += 1;
    } else if (isClosing(byte)) depth -= 1;
    if (depth > MAX_DEPTH) return 'is nested too deeply';
    // Each list and object has one value more than commas, or none.
    if (values > maxValues) return `holds more than ${maxValues} values`;
  }
  return undefined;
}

/** Where a string ends that begins at `start`. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
