import type { ClientFields } from '../broker-clients/client-answers.js';
import { MAX_PAGES, PAGE_SIZE } from '../broker-clients/pro-pages.js';
import { invalidAnswer } from '../broker-gateway/gateway-error.js';

/** Clients that match, in the order of their broker's list, and where the list goes on; null where it ends. */
export interface SearchedPage {
  readonly clients: readonly ClientFields[];
  readonly next: string | null;
}

/**
 * Reads a page of a broker's list.
 *
 * @param from `next` of the page before; from the beginning without
 * @param size most clients that it may hold
 */
export type ReadPage = (from: string | undefined, size: number) => Promise<SearchedPage>;

/** The clients of one broker that match, read page by page as far as there is room for them. */
export class BrokerSearch {
  readonly #readPage: ReadPage;
  readonly #start: string | undefined;
  readonly #pages: SearchedPage[] = [];
  #count = 0;
  #asked = 0;
  #failure: Error | undefined;

  /** @param start where to begin; from the beginning without */
  constructor(readPage: ReadPage, start: string | undefined) {
    this.#readPage = readPage;
    this.#start = start;
  }

  get clients(): ClientFields[] {
    return this.#pages.flatMap(({ clients }) => clients);
  }

  /** Where to go on; null when that is all, undefined for the beginning. */
  get next(): string | null | undefined {
    const last = this.#pages.at(-1);
    return last === undefined ? this.#start : last.next;
  }

  /** Why the broker fell out; undefined while it has not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Reads until `limit` clients are there, or all. Where more are there already, what is too much is forgotten and its last
   * part read again: only the broker knows where to go on from the middle of a page. Never rejects; see {@link failure}.
   *
   * @param isWanted asked between two pages; when it says no, reading ends
   */
  async readTo(limit: number, isWanted: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return;
    while (this.#count > limit) this.#count -= this.#pages.pop()?.clients.length ?? 0;
    try {
      while (this.next !== null && this.#count < limit && isWanted()) {
        if (this.#asked === MAX_PAGES) throw invalidAnswer('the list of clients does not end');
        this.#asked += 1;
        const page = await this.#readPage(this.next, Math.min(PAGE_SIZE, limit - this.#count));
        this.#pages.push(page);
        this.#count += page.clients.length;
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }
}
