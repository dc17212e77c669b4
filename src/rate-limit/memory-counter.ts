/** Length of every window, milliseconds. */
export const WINDOW_MS = 60_000;
/** Keys counted at once, about 200 bytes each; those whose windows are oldest make room. */
const MAX_KEYS = 100_000;

/** What has been counted of a key in its window. */
export interface Count {
  readonly count: number;
  /** Until the window ends and the count begins again, milliseconds. */
  readonly endsInMs: number;
}

interface Window {
  count: number;
  /** On the clock of `performance.now()`, which no change of the time of day touches. */
  readonly endsAt: number;
}

/** Counts per key in windows that begin with a key's first, in this process's memory, which is bounded. Waits for nothing. */
export class MemoryCounter {
  /** In the order in which they end, as all are of one length. */
  readonly #windows = new Map<string, Window>();

  /** Keys in memory. */
  get size(): number {
    return this.#windows.size;
  }

  /** Adds to a key, and tells what that makes. */
  count(key: string, amount = 1): Count {
    const now = performance.now();
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      this.#windows.delete(key);
      this.#makeRoom(now);
      this.#windows.set(key, (window = { count: 0, endsAt: now + WINDOW_MS }));
    }
    window.count += amount;
    // The difference of two floating-point numbers may come out a little longer than the window.
    return { count: window.count, endsInMs: Math.min(window.endsAt - now, WINDOW_MS) };
  }

  /** Takes away more than one new window adds, as long as there is something to take: the rest goes with the next. */
  #makeRoom(now: number): void {
    let checked = 0;
    for (const [key, { endsAt }] of this.#windows) {
      if (checked++ === 2 || (endsAt > now && this.#windows.size < MAX_KEYS)) return;
      this.#windows.delete(key);
    }
  }
}
