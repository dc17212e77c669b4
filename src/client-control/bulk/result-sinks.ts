import { encodeItem, type ItemResult } from './bulk-item.js';
import type { ResultSink } from './bulk-run.js';

/** Bytes of results that may wait for the reader. */
const HIGH_WATER = 262_144;

/** Keeps all results, in the order of the items. */
export class ResultList implements ResultSink {
  readonly #items: string[] = [];

  add(result: ItemResult): boolean {
    this.#items[result.index] = encodeItem(result);
    return true;
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  /** The items as JSON texts. */
  get items(): readonly string[] {
    return this.#items;
  }
}

/** Hands results on in pieces, no faster than they are taken. */
export class ResultStream implements ResultSink {
  readonly #separator: string;
  readonly #terminator: string;
  #text = '';
  #isFirst = true;
  #isEnded = false;
  #onText: (() => void) | undefined;
  #onRoom: (() => void)[] = [];

  /**
   * @param separator between two items
   * @param terminator after each
   */
  constructor(separator: string, terminator: string) {
    this.#separator = separator;
    this.#terminator = terminator;
  }

  add(result: ItemResult): boolean {
    const separator = this.#isFirst ? '' : this.#separator;
    this.#isFirst = false;
    this.#text += `${separator}${encodeItem(result)}${this.#terminator}`;
    if (this.#onText !== undefined) {
      // What ends in the same turn goes out together.
      setImmediate(this.#onText);
      this.#onText = undefined;
    }
    return this.#text.length < HIGH_WATER;
  }

  room(): Promise<void> {
    return this.#text.length < HIGH_WATER || this.#isEnded
      ? Promise.resolve()
      : new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** No more results will come, or nobody reads them any more. */
  end(): void {
    this.#isEnded = true;
    this.#onText?.();
    for (const goOn of this.#onRoom.splice(0)) goOn();
  }

  /** What has been added since the last time; waits for something. Undefined at the end. */
  async next(): Promise<string | undefined> {
    if (this.#text === '' && !this.#isEnded) await new Promise<void>((resolve) => (this.#onText = resolve));
    const text = this.#text;
    this.#text = '';
    for (const goOn of this.#onRoom.splice(0)) goOn();
    return text === '' && this.#isEnded ? undefined : text;
  }
}
