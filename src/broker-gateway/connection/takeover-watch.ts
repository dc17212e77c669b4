const WINDOW_MS = 60_000;
const WAR_AFTER = 3;
const FIRST_REST_MS = 60_000;
const LONGEST_REST_MS = 15 * 60_000;
/** A connection that lived this long has won, or has no rival any more. */
const PEACE_AFTER_MS = 10 * 60_000;

/**
 * Recognises that another connection with the same client id takes this one's place again and again, and ends that: who is
 * taken over for the third time within a minute rests for a minute, then two, at most a quarter of an hour, each time it
 * is taken over again. The one that is not taken over meanwhile stays.
 *
 * All times are milliseconds on one monotonic clock.
 */
export class TakeoverWatch {
  #recent: number[] = [];
  #rests = 0;

  /**
   * The connection was taken over.
   *
   * @param livedMs how long it had been open
   * @param random a number in [0, 1): rivals that rest equally long would meet again
   * @returns how long to rest before the next attempt; undefined while this is no war
   */
  onTakeover(now: number, livedMs: number, random: number): number | undefined {
    if (livedMs >= PEACE_AFTER_MS) this.#rests = 0;
    this.#recent = [...this.#recent.filter((at) => at > now - WINDOW_MS), now];
    if (this.#rests === 0 && this.#recent.length < WAR_AFTER) return undefined;
    const longestMs = Math.min(FIRST_REST_MS * 2 ** this.#rests, LONGEST_REST_MS);
    this.#rests += 1;
    return Math.round(longestMs * (0.5 + random / 2));
  }
}
