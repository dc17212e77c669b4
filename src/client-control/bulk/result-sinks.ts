import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeItem, ItemEncoder, type Ending, type ItemHead } from './bulk-item.js';
import { GatheredText } from '../../json/gathered-text.js';
import type { ResultSink } from './bulk-run.js';

/** Results that are joined in one turn of the event loop: a third of a megabyte. */
const PER_TURN = 1000;
/** How long results gather before they are handed on. */
const GATHER_MS = 2;
/** Pieces of text that are joined at once, some dozens of results. */
const MANY_PIECES = 500;
/** Bytes of results that may wait for the reader. */
const HIGH_WATER = 262_144;

/** Keeps all results, in the order of the items. */
export class ResultList implements ResultSink {
  readonly #items: string[] = [];

  add(item: ItemHead, ending: Ending): boolean {
    this.#items[item.index] = encodeItem(item, ending);
    return true;
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    // What it has stays.
  }

  /** The whole answer, in chunks: megabytes of text are made in more than one turn of the event loop. */
  async answer(summary: object): Promise<readonly Buffer[]> {
    const chunks: Buffer[] = [];
    let text = `{"summary":${JSON.stringify(summary)},"items":[`;
    for (let start = 0; start < this.#items.length; start += PER_TURN) {
      const some = this.#items.slice(start, start + PER_TURN).join(',');
      text += start === 0 ? some : `,${some}`;
      if (start + PER_TURN >= this.#items.length) break;
      chunks.push(Buffer.from(text));
      text = '';
      await nextTurn();
    }
    chunks.push(Buffer.from(`${text}]}`));
    return chunks;
  }
}

/** Hands results on in pieces, no faster than they are taken. */
export class ResultStream implements ResultSink {
  readonly #separator: string;
  readonly #terminator: string;
  readonly #text = new GatheredText();
  /** What comes after {@link #text}. */
  #pieces: (string | number)[] = [];
  readonly #encoder = new ItemEncoder();
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

  add(item: ItemHead, ending: Ending): boolean {
    // Of a million items that end after their caller has gone, nothing is to be held.
    if (this.#isEnded) return true;
    if (!this.#isFirst && this.#separator !== '') this.#pieces.push(this.#separator);
    this.#isFirst = false;
    this.#encoder.add(this.#pieces, item, ending);
    if (this.#terminator !== '') this.#pieces.push(this.#terminator);
    if (this.#pieces.length >= MANY_PIECES) this.#join();
    if (this.#onText !== undefined) {
      // What ends within a moment goes out together: a write costs more than the items in it.
      setTimeout(this.#onText, GATHER_MS);
      this.#onText = undefined;
    }
    return this.#text.bytes < HIGH_WATER;
  }

  room(): Promise<void> {
    return this.#text.bytes < HIGH_WATER || this.#isEnded
      ? Promise.resolve()
      : new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** What comes after that is left out. */
  end(): void {
    this.#isEnded = true;
    this.#onText?.();
    for (const goOn of this.#onRoom.splice(0)) goOn();
  }

  /** What has been added since the last time; waits for something. Undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    if (this.#text.bytes + this.#pieces.length === 0 && !this.#isEnded)
      await new Promise<void>((resolve) => (this.#onText = resolve));
    this.#join();
    const text = this.#text.take();
    for (const goOn of this.#onRoom.splice(0)) goOn();
    return text.length === 0 && this.#isEnded ? undefined : text;
  }

  #join(): void {
    if (this.#pieces.length === 0) return;
    this.#text.add(this.#pieces.join(''));
    this.#pieces = [];
  }
}
