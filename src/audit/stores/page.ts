import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { isJsonObject, type JsonObject } from '../../json/json.js';
import { MAX_PAGE_BYTES } from './audit-store.js';

/** Gathers the records of a page, and tells when it is full. */
export class PageBuilder {
  readonly records: string[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.records.length >= this.#limit;
  }

  /** What still fits. */
  get room(): { readonly records: number; readonly bytes: number } {
    return { records: this.#limit - this.records.length, bytes: MAX_PAGE_BYTES - this.#bytes };
  }

  /** Takes a record if it fits. The first always does. */
  add(record: string): boolean {
    const fits = this.records.length === 0 || this.#bytes + record.length <= MAX_PAGE_BYTES;
    if (this.isFull || !fits) return false;
    this.records.push(record);
    this.#bytes += record.length;
    return true;
  }
}

/** Makes an opaque cursor; `store` keeps those of different stores apart. */
export function encodeCursor(store: string, position: JsonObject): string {
  return Buffer.from(JSON.stringify({ store, ...position })).toString('base64url');
}

/** @throws {AppError} `INVALID` for text that is no cursor of this store */
export function decodeCursor(store: string, cursor: string): JsonObject {
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw badCursor();
  }
  if (!isJsonObject(position) || position.store !== store) throw badCursor();
  return position;
}

/** The error for a cursor that was not made here. */
export function badCursor(): AppError {
  return invalid([{ path: 'cursor', message: 'is not a cursor of this audit trail' }]);
}
