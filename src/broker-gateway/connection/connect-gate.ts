/** Attempts that begin at once; beyond them, so many a second. Each costs a few milliseconds in all. */
const BURST = 50;
const PER_SECOND = 200;
const TICK_MS = 50;

/**
 * Bounds how fast connections are begun, over all brokers, so that ten thousand brokers that are down cannot keep a core
 * busy. Whoever was never connected comes before those that try again.
 *
 * A handful of brokers never waits here.
 */
export class ConnectGate {
  readonly #first = new Set<() => void>();
  readonly #again = new Set<() => void>();
  #tokens = BURST;
  #filledAt = performance.now();
  #isServing = false;

  /**
   * Calls `begin` when it is its turn, perhaps before this returns.
   *
   * @returns gives the place up
   */
  enter(begin: () => void, isFirst: boolean): () => void {
    this.#refill();
    if (this.#tokens >= 1 && this.#first.size + this.#again.size === 0) {
      this.#tokens -= 1;
      begin();
      return () => undefined;
    }
    const queue = isFirst ? this.#first : this.#again;
    queue.add(begin);
    this.#serveLater();
    return () => queue.delete(begin);
  }

  readonly #serve = (): void => {
    this.#isServing = false;
    this.#refill();
    for (const queue of [this.#first, this.#again]) {
      for (const begin of queue) {
        if (this.#tokens < 1) break;
        this.#tokens -= 1;
        queue.delete(begin);
        begin();
      }
    }
    if (this.#first.size + this.#again.size > 0) this.#serveLater();
  };

  #serveLater(): void {
    if (!this.#isServing) setTimeout(this.#serve, TICK_MS);
    this.#isServing = true;
  }

  #refill(): void {
    const now = performance.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) * PER_SECOND) / 1000);
    this.#filledAt = now;
  }
}
