import { createInterface } from 'node:readline';
import { UsageError } from '../exit-code.js';

/** Ids that are read before it is asked about them: more is for `bulk`. */
const MAX_IDS = 1_000_000;

/**
 * The client ids that were named: as arguments, or, for `-`, one per line on standard input. Each once.
 *
 * @throws {UsageError} when there are none, or an empty one
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
  if (all.size === 0) throw new UsageError('no client ids were given');
  return [...all];
}

/** The lines of a stream. */
export function linesOf(input: NodeJS.ReadableStream): AsyncIterable<string> {
  return createInterface({ input, crlfDelay: Infinity });
}
