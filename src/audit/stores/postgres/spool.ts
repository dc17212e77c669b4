import { NotCommittedError } from '../../group-commit.js';
import { isDataError } from './database.js';
import type { Row } from './statements.js';

/** Rows that may wait, some 10 MB. */
const MAX_ROWS = 10_000;
/** Rows that are written at once. */
const MAX_BATCH = 2000;
const RETRY_MS = 1000;

/** Rows that wait for the database to come back: tried every second, and written each once. */
export class Spool {
  readonly #write: (rows: readonly Row[]) => Promise<void>;
  readonly #onLost: (rows: readonly Row[]) => Promise<void>;
  #rows: Row[] = [];
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param write rejects when the database does not take them
   * @param onLost is told of rows that it would never take
   */
  constructor(
    write: (rows: readonly Row[]) => Promise<void>,
    onLost: (rows: readonly Row[]) => Promise<void>,
  ) {
    this.#write = write;
    this.#onLost = onLost;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** @throws {NotCommittedError} when there is no room, or it is closed */
  add(rows: readonly Row[]): void {
    if (this.#rows.length + rows.length > MAX_ROWS || this.#isClosed) {
      throw new NotCommittedError('OVERFLOW', 'the audit database is away, and too much waits for it');
    }
    this.#rows.push(...rows);
    this.#retry ??= setTimeout(() => void this.#writeAll(), RETRY_MS);
  }

  /** Takes no more, and tries no more by itself. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  /** Writes all that waits, or until the database takes no more. */
  async flush(): Promise<void> {
    while (this.#rows.length > 0 && (await this.#writeSome()));
  }

  /** Gives up what still waits. */
  takeAll(): Row[] {
    return this.#rows.splice(0);
  }

  async #writeAll(): Promise<void> {
    while (this.#rows.length > 0 && !this.#isClosed) {
      if (await this.#writeSome()) continue;
      this.#retry = setTimeout(() => void this.#writeAll(), RETRY_MS);
      return;
    }
    this.#retry = undefined;
  }

  /** Writes the first of what waits; false when that failed. */
  async #writeSome(): Promise<boolean> {
    const rows = this.#rows.slice(0, MAX_BATCH);
    try {
      await this.#write(rows);
    } catch (error) {
      if (!isDataError(error)) return false;
      this.#rows.splice(0, rows.length);
      await this.#onLost(rows);
      return true;
    }
    this.#rows.splice(0, rows.length);
    return true;
  }
}
