import { UsageError } from '../exit-code.js';

/** Ids that are read before it is asked about them: more is for `bulk`. */
const MAX_IDS = 1_000_000;

/**
 * The client ids that were named: as arguments, or, for `-`, one per line on standard input. Each once.
 *
 * @returns none when standard input has none
 * @throws {UsageError} for an empty one
 */
export async function readIds(ids: readonly string[]): Promise<readonly string[]> {
  const isFromInput = ids.includes('-');
  if (isFromInput && ids.length > 1)
    throw new UsageError('"-" reads the ids from standard input, and stands alone');
  const all = new Set<string>();
  for await (const id of isFromInput ? linesOf(process.stdin) : ids) {
    if (id === '' && isFromInput) continue;
    if (id === '') throw new UsageError('a client id cannot be empty');
    all.add(id);
    if (all.size > MAX_IDS) throw new UsageError(`more than ${MAX_IDS} ids: use client-control bulk -`);
  }
  return [...all];
}

/**
 * The lines of a stream.
 *
 * @throws {UsageError} for what is no UTF-8: it would else stand for other ids than it says
 */
export async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Buffer): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new UsageError('the input is not valid UTF-8');
    }
  };
  let rest = '';
  for await (const chunk of input as AsyncIterable<Buffer>) {
    const lines = (rest + decode(chunk)).split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decode();
  if (rest !== '') yield rest;
}
