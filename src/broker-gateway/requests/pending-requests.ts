/** What {@link PendingRequests} needs to know of a request. */
export interface Expiring {
  readonly number: number;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly deadlineAt: number;
}

/** Fewer empty places are not worth the move. */
const MIN_EMPTY = 128;

/**
 * The requests that are not settled yet, by their numbers, with one timer for all deadlines.
 *
 * Deadlines must not decrease from one `add` to the next (one timeout for all of a broker's requests), so that
 * the oldest request is always the first to expire. Numbers increase from one `add` to the next.
 *
 * Kept in an array by number, not in a map: a map that is added to and deleted from makes a new table now and then, and each
 * old one leads to the next. Once one has been taken for old, the collector of the young generation takes all that came
 * after it for alive, with the requests that they held; figures in bench/README.md.
 */
export class PendingRequests<T extends Expiring> {
  /** The place of a request is its number less that of the first; undefined where there is none any more. */
  #places: (T | undefined)[] = [];
  #firstNumber = 0;
  /** The place of the oldest, if there is one; those before it are empty. */
  #head = 0;
  #size = 0;
  readonly #onExpired: (expired: readonly T[]) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param onExpired receives the requests whose deadline passed, oldest first, already removed */
  constructor(onExpired: (expired: readonly T[]) => void) {
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#size;
  }

  add(request: T): void {
    const { number } = request;
    // A number may have been left out.
    while (this.#places.length < number - this.#firstNumber) this.#places.push(undefined);
    if (this.#size === 0) this.#head = this.#places.length;
    this.#places.push(request);
    this.#size += 1;
    this.#timer ??= setTimeout(this.#expire, request.deadlineAt - performance.now());
  }

  get(number: number): T | undefined {
    const place = number - this.#firstNumber;
    return place >= 0 && place < this.#places.length ? this.#places[place] : undefined;
  }

  /** All of them, oldest first. */
  all(): T[] {
    return this.#places.slice(this.#head).filter((request) => request !== undefined);
  }

  /** Removes a request and hands it over; undefined if it is not here any more, or never was. */
  remove(number: number): T | undefined {
    const request = this.get(number);
    if (request === undefined) return undefined;
    this.#places[number - this.#firstNumber] = undefined;
    this.#size -= 1;
    this.#advance();
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
    for (let oldest = this.#places[this.#head]; oldest !== undefined; oldest = this.#places[this.#head]) {
      if (oldest.deadlineAt > now) {
        this.#timer = setTimeout(this.#expire, Math.ceil(oldest.deadlineAt - now));
        break;
      }
      this.remove(oldest.number);
      expired.push(oldest);
    }
    if (expired.length > 0) this.#onExpired(expired);
  };

  /** Keeps the oldest request at the head, and gives memory back when half of it is empty. */
  #advance(): void {
    while (this.#head < this.#places.length && this.#places[this.#head] === undefined) this.#head += 1;
    if (this.#head < MIN_EMPTY || this.#head * 2 < this.#places.length) return;
    this.#places = this.#places.slice(this.#head);
    this.#firstNumber += this.#head;
    this.#head = 0;
  }
}
