import type { Readable } from 'node:stream';
import type { ClientFields, ClientPage } from '../broker-clients/client-answers.js';
import { streamedAnswer } from '../http/body/streamed-answer.js';

/** A list up to this size is sent when it is complete: a broker that fails halfway still gets the caller a proper error. */
const MAX_HELD_BYTES = 1_048_576;

/**
 * A list of clients as JSON, encoded page by page as it comes in, so that even a long list never holds the event loop. A
 * long one is sent as it comes in, no faster than its reader takes it; if the broker fails then, the connection is cut.
 */
export class EncodedList {
  readonly #pages: AsyncGenerator<ClientPage, void>;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #toSkip: number;
  #toTake: number;
  #isFirst = true;
  #isComplete = false;
  #isCut = false;
  #offered = 0;
  #totalCount: number | undefined;

  private constructor(pages: AsyncGenerator<ClientPage, void>, skip: number, take: number) {
    this.#pages = pages;
    this.#toSkip = skip;
    this.#toTake = take === -1 ? Number.POSITIVE_INFINITY : take;
  }

  /**
   * Begins with a list: reads it, to its end if it is short.
   *
   * @param skip how many clients to leave out at the beginning
   * @param take how many to keep after those; -1 means all
   * @param isWanted asked between two pages; when it says no, the rest is not read
   */
  static async begin(
    pages: AsyncGenerator<ClientPage, void>,
    skip: number,
    take: number,
    isWanted: () => boolean,
  ): Promise<EncodedList> {
    const list = new EncodedList(pages, skip, take);
    while (!list.#isComplete && list.#heldBytes < MAX_HELD_BYTES && isWanted()) {
      const chunk = await list.#next();
      list.#held.push(chunk);
      list.#heldBytes += chunk.length;
    }
    return list;
  }

  /** How many clients the pages held, those left out included; undefined while there may be more. */
  get matchCount(): number | undefined {
    return this.#isComplete && !this.#isCut ? this.#offered : undefined;
  }

  /** How many clients there are beyond those in this list too; undefined if the broker does not tell. */
  get totalCount(): number | undefined {
    return this.#totalCount;
  }

  /** Length of the JSON text, bytes; undefined while it is not complete. */
  get byteLength(): number | undefined {
    return this.#isComplete ? this.#heldBytes + 2 : undefined;
  }

  /** The JSON text. */
  toStream(): Readable {
    return streamedAnswer(this.#pieces());
  }

  async *#pieces(): AsyncGenerator<Buffer, void> {
    try {
      yield Buffer.concat([Buffer.from('['), ...this.#held.splice(0)]);
      while (!this.#isComplete) yield await this.#next();
      yield Buffer.from(']');
    } finally {
      await this.#pages.return();
    }
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#pages.next();
    if (done === true) {
      this.#isComplete = true;
      return Buffer.alloc(0);
    }
    const { clients, totalCount } = value;
    this.#totalCount = totalCount;
    this.#offered += clients.length;
    const kept = clients.slice(this.#toSkip, this.#toSkip + this.#toTake);
    this.#toSkip = Math.max(0, this.#toSkip - clients.length);
    this.#toTake -= kept.length;
    if (this.#toTake === 0) {
      this.#isComplete = true;
      this.#isCut = true;
      await this.#pages.return();
    }
    return this.#encode(kept);
  }

  #encode(clients: readonly ClientFields[]): Buffer {
    if (clients.length === 0) return Buffer.alloc(0);
    const text = clients.map((client) => JSON.stringify(client)).join(',');
    const separator = this.#isFirst ? '' : ',';
    this.#isFirst = false;
    return Buffer.from(separator + text);
  }
}
