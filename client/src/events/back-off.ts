const LONGEST_MS = 30_000;

/**
 * How long to wait before coming back: twice as long each time, up to half a minute, and by chance up to half less, so that
 * not all come back at once.
 *
 * @param attempt tries since the last success, from 0
 * @param baseMs the first wait, as the service asks for
 */
export function backOffMs(attempt: number, baseMs = 1000, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_MS, baseMs * 2 ** Math.min(attempt, 15));
  return Math.round(longest * (1 - random() / 2));
}
