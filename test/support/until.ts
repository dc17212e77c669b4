import { setTimeout as delay } from 'node:timers/promises';

const LONGEST_PAUSE_MS = 20;
const LONGEST_LASTING_MS = 10_000;

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

/**
 * Waits until what `probe` gives has stayed the same for a while, and returns it: for what ends without a sign.
 *
 * @param quietMs of looking: a stall of the machine, in which nothing could happen, counts as no more than one look
 */
export async function settled<T extends number | string>(
  probe: () => T | Promise<T>,
  quietMs = 1000,
): Promise<T> {
  let value = await probe();
  let quiet = 0;
  for (let lookedAt = performance.now(); quiet < quietMs;) {
    await delay(10);
    const next = await probe();
    const now = performance.now();
    quiet = next === value ? quiet + Math.min(now - lookedAt, LONGEST_PAUSE_MS) : 0;
    value = next;
    lookedAt = now;
  }
  return value;
}

/**
 * Does what has to be done before something ends by itself, with twice the time whenever the machine took so long that it
 * had ended.
 *
 * @param firstMs how long it lasts at first
 * @param body gets when it ends, as `Date.now()` gives times; runs again when it fails after that moment, and only then
 */
export async function whileItLasts<T>(firstMs: number, body: (endsAt: number) => Promise<T>): Promise<T> {
  for (let lastsMs = firstMs; ; lastsMs *= 2) {
    const endsAt = Date.now() + lastsMs;
    try {
      return await body(endsAt);
    } catch (error) {
      if (Date.now() < endsAt || lastsMs > LONGEST_LASTING_MS) throw error;
    }
  }
}
