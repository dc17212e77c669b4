import type { ServerResponse } from 'node:http';

/**
 * Calls back once when an answer has left, or cannot leave any more because the caller has gone; at once if that is so
 * already. Tells the same as `stream.finished`, which puts a dozen listeners on every answer.
 */
export function whenOver(answer: ServerResponse, onOver: () => void): void {
  if (answer.closed) onOver();
  else answer.once('close', onOver);
}
