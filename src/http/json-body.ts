import type { IncomingMessage } from 'node:http';
import { parse } from 'secure-json-parse';
import { AppError } from '../errors/app-error.js';
import { invalid } from '../errors/issue.js';

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
  const contentType = request.headers['content-type'];
  if (contentType === undefined || !JSON_MEDIA_TYPE.test(contentType)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json');
  }
  const bytes = await readBytes(request, limit);
  const body = parseJson(bytes);
  if (isDeeperThan(body, MAX_DEPTH)) throw invalid([{ path: '', message: 'the body is nested too deeply' }]);
  return body;
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new AppError(
    'PAYLOAD_TOO_LARGE',
    `The body is larger than ${limit} bytes`,
    { limit },
    { Connection: 'close' },
  );
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        request.removeAllListeners('data');
        request.resume();
        reject(tooLarge);
      } else chunks.push(chunk);
    });
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on('error', () => reject(invalid([{ path: '', message: 'the body ended early' }])));
    request.on('close', () => reject(invalid([{ path: '', message: 'the body ended early' }])));
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw invalid([{ path: '', message: 'a body is required' }]);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw invalid([{ path: '', message: 'the body is not valid UTF-8' }]);
  }
  try {
    return parse(text, { protoAction: 'error', constructorAction: 'error' }) as unknown;
  } catch {
    throw invalid([{ path: '', message: 'the body is not valid JSON' }]);
  }
}

/** Looks no deeper than `depth`, so that hostile nesting costs nothing. */
function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((item) => isDeeperThan(item, depth - 1));
}
