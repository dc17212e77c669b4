import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { parse } from 'secure-json-parse';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { ClientConnection } from '../exchange.js';

const MAX_DEPTH = 8;
const JSON_MEDIA_TYPE = /^application\/json\s*(;|$)/i;

/**
 * Reads a request's body as JSON.
 *
 * @param limit largest body, bytes
 * @throws {AppError} `UNSUPPORTED_MEDIA_TYPE`, `PAYLOAD_TOO_LARGE`; `INVALID` for what is not UTF-8, not JSON, nested
 *   too deeply, or has keys that could pollute a prototype
 */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  const { 'content-type': contentType, 'content-length': contentLength = '0' } = request.headers;
  if (contentLength === '0' && request.headers['transfer-encoding'] === undefined) throw bodyRequired();
  if (contentType === undefined || !JSON_MEDIA_TYPE.test(contentType)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json');
  }
  const bytes = await readBytes(request, limit);
  const body = parseJson(bytes);
  if (isNestedTooDeeply(body)) throw invalid([{ path: '', message: 'the body is nested too deeply' }]);
  return body;
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge(limit));
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
    // A small body has usually come along with the headers; then there is no event to wait for.
    const received = request.read() as Buffer | null;
    if (received !== null) take(received);
    if (length === Number(request.headers['content-length'])) {
      resolve(received ?? Buffer.alloc(0));
      return;
    }
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

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw bodyRequired();
  if (!isUtf8(bytes)) throw invalid([{ path: '', message: 'the body is not valid UTF-8' }]);
  try {
    return parse(bytes.toString(), { protoAction: 'error', constructorAction: 'error' }) as unknown;
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
  return depth === 0 || Object.values(value).some((item) => isDeeperThan(item, depth - 1));
}
