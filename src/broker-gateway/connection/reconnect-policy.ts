/** Bounds of the delay before a reconnect, milliseconds. */
export interface ReconnectBounds {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}

/**
 * The delay before reconnect attempt `attempt` (0 is the first): exponential with full jitter, so that a fleet of
 * services does not return to a restarted broker in step.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param random a number in [0, 1), `Math.random()` outside tests
 * @returns milliseconds in [0, min(maxDelayMs, minDelayMs * 2^attempt)]
 */
export function reconnectDelayMs(
  attempt: number,
  { minDelayMs, maxDelayMs }: ReconnectBounds,
  random: number,
): number {
  // Past 2^30 the bound is reached for any sensible minimum, and the power stays an exact integer.
  const ceiling = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(attempt, 30));
  return Math.round(random * ceiling);
}
