import type { Counter } from 'prom-client';

/**
 * Counts for one series of a counter, and tells the counter when somebody looks: prom-client makes a kilobyte of garbage
 * for each increase, which is most of what a command of many costs.
 */
export class Tally {
  readonly #counter: Counter.Internal;
  #count = 0;

  constructor(counter: Counter.Internal) {
    this.#counter = counter;
  }

  inc(): void {
    this.#count += 1;
  }

  /** Hands on what was counted since the last time; to be called by the counter's `collect`. */
  flush(): void {
    if (this.#count === 0) return;
    this.#counter.inc(this.#count);
    this.#count = 0;
  }
}
