import { CutOffError, UnexpectedAnswerError } from '../errors/api-error.js';
import { errorOfStream } from '../errors/read-error.js';

/** One JSON value per line. */
export const NDJSON = 'application/x-ndjson';

/** Longest line that is taken, characters. */
const MAX_LINE = 16_777_216;

/**
 * Reads one JSON object per line, those of a chunk together. A last line without its end is not complete.
 *
 * @param signal ends the reading, and throws its reason
 * @throws {CutOffError} when the connection breaks, or the last line has no end
 * @throws {UnexpectedAnswerError} for a line that is no JSON, or far too long
 */
export async function* readLines(
  response: Response,
  signal?: AbortSignal,
): AsyncGenerator<readonly Readonly<Record<string, unknown>>[], void> {
  if (response.headers.get('Content-Type')?.startsWith(NDJSON) !== true)
    throw new UnexpectedAnswerError(
      'The answer is not one of this service: is the address right?',
      response.status,
    );
  let rest = '';
  for await (const text of textOf(response, signal)) {
    const end = text.lastIndexOf('\n');
    if (end === -1) {
      rest += text;
      if (rest.length > MAX_LINE)
        throw new UnexpectedAnswerError('The answer is one endless line', response.status);
      continue;
    }
    const lines = (rest + text.slice(0, end)).split('\n');
    rest = text.slice(end + 1);
    yield lines.filter((line) => line !== '').map((line) => parse(line, response.status));
  }
  if (rest !== '') throw new CutOffError();
}

/**
 * The text of an answer, as it comes.
 *
 * @param signal ends the reading, and throws its reason. That `fetch` was given it is not enough: in Node.js 20 the two are
 * only tied for as long as no garbage collection takes the request away, of which nobody knows any more by now
 */
export async function* textOf(response: Response, signal?: AbortSignal): AsyncGenerator<string, void> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const end = (): void => void reader.cancel(signal?.reason).catch(() => undefined);
  signal?.addEventListener('abort', end, { once: true });
  const decoder = new TextDecoder();
  try {
    signal?.throwIfAborted();
    for (;;) {
      const { done, value } = await reader.read();
      // What is cancelled looks as if it had come to its end.
      signal?.throwIfAborted();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } catch (error) {
    throw errorOfStream(error);
  } finally {
    signal?.removeEventListener('abort', end);
    // Whoever does not read to the end closes the connection by that.
    await reader.cancel().catch(() => undefined);
  }
}

function parse(line: string, status: number): Readonly<Record<string, unknown>> {
  const value = valueOf(line);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new UnexpectedAnswerError('The answer has a line that is no JSON object', status);
}

function valueOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
