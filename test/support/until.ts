import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_PAUSE_MS = 20;

/**
 * Waits until `probe` gives something other than undefined or false, and returns it.
 *
 * @param timeoutMs fails after so long: generous, as nothing is proved by a fast machine, and less than a test may take
 */
export async function until<T>(
  probe: () => T | Promise<T>,
  what: string,
  timeoutMs = 40_000,
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + timeoutMs;
  // Most of what is waited for is an answer that comes at once.
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    if (performance.now() > end) throw new Error(`${what}: did not happen within ${timeoutMs} ms`);
    await delay(pauseMs);
  }
}

/** Waits until what `probe` gives has stayed the same for a while, and returns it: for what ends without a sign. */
export async function settled<T extends number | string>(
  probe: () => T | Promise<T>,
  quietMs = 400,
): Promise<T> {
  let value = await probe();
  let since = performance.now();
  while (performance.now() - since < quietMs) {
    await delay(10);
    const now = await probe();
    if (now !== value) since = performance.now();
    value = now;
  }
  return value;
}
