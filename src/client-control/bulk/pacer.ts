/** How much may be caught up on after a pause, milliseconds. */
const MAX_CATCH_UP_MS = 50;
const SHORTEST_PAUSE_MS = 1;

/** Lets so many operations a second begin, evenly. */
export class Pacer {
  readonly #perMs: number;
  readonly #signal: AbortSignal;
  /** When the next operation may begin, on the clock of `performance.now()`. */
  #dueAt = performance.now();

  /**
   * @param perSecond operations a second
   * @param signal aborted, nobody waits any more: what has its turn then is not sent
   */
  constructor(perSecond: number, signal: AbortSignal) {
    this.#perMs = perSecond / 1000;
    this.#signal = signal;
  }

  /**
   * Takes the turn of one operation.
   *
   * @returns resolves when it may begin; undefined for at once
   */
  take(): Promise<void> | undefined {
    if (this.#signal.aborted) return undefined;
    const now = performance.now();
    // What was missed because a broker was slow is not made up for with a burst.
    this.#dueAt = Math.max(this.#dueAt, now - MAX_CATCH_UP_MS);
    const waitMs = this.#dueAt - now;
    this.#dueAt += 1 / this.#perMs;
    return waitMs < SHORTEST_PAUSE_MS ? undefined : this.#pause(waitMs);
  }

  #pause(ms: number): Promise<void> {
    const signal = this.#signal;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
