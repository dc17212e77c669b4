import { Readable } from 'node:stream';
import type { ClientFields } from './client-answers.js';

/**
 * A list of clients as JSON, encoded page by page as it comes in, so that even a long list never holds the event loop.
 * It is sent when it is complete: a broker that fails halfway through still gets the caller a proper error.
 */
export class EncodedClients {
  readonly #chunks: Buffer[] = [];
  #toSkip: number;
  #toTake: number;
  #offered = 0;
  #totalCount: number | undefined;

  /**
   * @param skip how many clients to leave out at the beginning
   * @param take how many to keep after those; -1 means all
   */
  constructor(skip: number, take: number) {
    this.#toSkip = skip;
    this.#toTake = take === -1 ? Number.POSITIVE_INFINITY : take;
  }

  /** How many clients were added, those left out included. */
  get offered(): number {
    return this.#offered;
  }

  /** Whether more clients would all be left out. */
  get isFull(): boolean {
    return this.#toTake === 0;
  }

  /** How many clients there are beyond those in this list too; undefined if that is not known. */
  get totalCount(): number | undefined {
    return this.#totalCount;
  }

  /** Length of the JSON text, bytes. */
  get byteLength(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 2);
  }

  add(clients: readonly ClientFields[]): this {
    this.#offered += clients.length;
    const kept = clients.slice(this.#toSkip, this.#toSkip + this.#toTake);
    this.#toSkip = Math.max(0, this.#toSkip - clients.length);
    this.#toTake -= kept.length;
    if (kept.length > 0) {
      const separator = this.#chunks.length === 0 ? '' : ',';
      this.#chunks.push(Buffer.from(separator + kept.map((client) => JSON.stringify(client)).join(',')));
    }
    return this;
  }

  withTotal(totalCount: number | undefined): this {
    this.#totalCount = totalCount;
    return this;
  }

  /** The JSON text. */
  toStream(): Readable {
    return Readable.from([Buffer.from('['), ...this.#chunks, Buffer.from(']')], { objectMode: false });
  }
}
