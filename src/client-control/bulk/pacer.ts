/** How much may be caught up on after a pause, milliseconds. */
const MAX_CATCH_UP_MS = 50;
const SHORTEST_PAUSE_MS = 1;

/** Lets so many operations a second begin, evenly. */
export class Pacer {
  readonly #perMs: number;
  readonly #now: () => number;
  /** When the next operation may begin. */
  #dueAt: number;

  /** @param perSecond operations a second */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perMs = perSecond / 1000;
    this.#now = now;
    this.#dueAt = now();
  }

  /**
   * Takes the turn of one operation.
   *
   * @returns milliseconds to wait before it begins; 0 for at once
   */
  take(): number {
    const now = this.#now();
    // What was missed because a broker was slow is not made up for with a burst.
    this.#dueAt = Math.max(this.#dueAt, now - MAX_CATCH_UP_MS);
    const waitMs = this.#dueAt - now;
    this.#dueAt += 1 / this.#perMs;
    return waitMs < SHORTEST_PAUSE_MS ? 0 : waitMs;
  }
}
