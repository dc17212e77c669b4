/** What {@link PendingRequests} needs to know of a request. */
export interface Expiring {
  readonly number: number;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly deadlineAt: number;
}

/**
 * The requests that are not settled yet, by their numbers, with one timer for all deadlines.
 *
 * Deadlines must not decrease from one `add` to the next (one timeout for all of a broker's requests), so that
 * the oldest request is always the first to expire.
 */
export class PendingRequests<T extends Expiring> {
  readonly #byNumber = new Map<number, T>();
  readonly #onExpired: (expired: readonly T[]) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param onExpired receives the requests whose deadline passed, oldest first, already removed */
  constructor(onExpired: (expired: readonly T[]) => void) {
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#byNumber.size;
  }

  add(request: T): void {
    this.#byNumber.set(request.number, request);
    this.#timer ??= setTimeout(this.#expire, request.deadlineAt - performance.now());
  }

  get(number: number): T | undefined {
    return this.#byNumber.get(number);
  }

  /** All of them, oldest first. */
  all(): T[] {
    return [...this.#byNumber.values()];
  }

  /** Removes a request and hands it over; undefined if it is not here any more, or never was. */
  remove(number: number): T | undefined {
    const request = this.#byNumber.get(number);
    if (request !== undefined) this.#byNumber.delete(number);
    return request;
  }

  /** Stops the timer. Call it when nothing will be added any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  // The timer is left running when its request is settled early, and looks for the next deadline when it fires:
  // a steady stream of requests costs one timer per timeout, not one per request.
  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    const expired: T[] = [];
    for (const request of this.#byNumber.values()) {
      if (request.deadlineAt > now) {
        this.#timer = setTimeout(this.#expire, Math.ceil(request.deadlineAt - now));
        break;
      }
      this.#byNumber.delete(request.number);
      expired.push(request);
    }
    if (expired.length > 0) this.#onExpired(expired);
  };
}
