import { Turn } from '../broker/turn.js';

/** The entries as the inside of a JSON array. A long list does not hold the event loop. */
export async function encodeInTurns<T>(entries: Iterable<T>, view: (entry: T) => unknown): Promise<string> {
  const parts: string[] = [];
  const turn = new Turn();
  for (const entry of entries) {
    if (turn.isOver) await turn.next();
    parts.push(JSON.stringify(view(entry)));
  }
  return parts.join(',');
}
