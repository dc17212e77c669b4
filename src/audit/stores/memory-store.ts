import { randomUUID } from 'node:crypto';
import { recordTest } from '../audit-filter.js';
import type { AuditRecord } from '../audit-record.js';
import type { AuditPage, AuditQuery, AuditStore } from './audit-store.js';
import { badCursor, decodeCursor, encodeCursor, PageBuilder } from './page.js';

/** Records of each kind that are kept. */
const CAPACITY = 10_000;

interface Kept {
  /** Counts up over all records. */
  readonly sequence: number;
  readonly record: AuditRecord;
}

/** The latest of what was added. */
class Ring {
  readonly #slots: Kept[] = [];
  #next = 0;

  add(kept: Kept): void {
    this.#slots[this.#next] = kept;
    this.#next = (this.#next + 1) % CAPACITY;
  }

  get oldest(): Kept | undefined {
    return this.#slots.length < CAPACITY ? this.#slots[0] : this.#slots[this.#next];
  }

  *newestFirst(): Generator<Kept, undefined> {
    const { length } = this.#slots;
    for (let back = 1; back <= length; back += 1) {
      const kept = this.#slots[(this.#next - back + length) % length];
      if (kept !== undefined) yield kept;
    }
  }
}

/**
 * Keeps the last 10,000 records in memory, and of the items of calls the last 10,000 beside them, so that one call with a
 * million items does not wipe out who made it and what else was done. A restart forgets them all.
 */
export class MemoryStore implements AuditStore {
  readonly kind = 'memory';
  readonly isUp = true;
  readonly waiting = 0;
  /** Tells cursors of another run apart. */
  readonly #run = randomUUID();
  readonly #actions = new Ring();
  readonly #items = new Ring();
  #sequence = 0;

  open(): Promise<void> {
    return Promise.resolve();
  }

  append(records: readonly AuditRecord[]): Promise<void> {
    for (const record of records) {
      this.#sequence += 1;
      const ring = record.index === undefined ? this.#actions : this.#items;
      ring.add({ sequence: this.#sequence, record });
    }
    return Promise.resolve();
  }

  read(query: AuditQuery): Promise<AuditPage> {
    return Promise.resolve(query).then((wanted) => this.#page(wanted));
  }

  reopen(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** @throws {AppError} `INVALID` */
  #page({ scope, filter, limit, cursor }: AuditQuery): AuditPage {
    const before = cursor === undefined ? Number.POSITIVE_INFINITY : this.#position(cursor);
    const isMatch = recordTest(scope, filter);
    const page = new PageBuilder(limit);
    let last = before;
    let isCutShort = false;
    for (const { sequence, record } of newestOfBoth(this.#actions, this.#items)) {
      if (sequence >= before || !isMatch({ at: Date.parse(record.time), fields: record })) continue;
      isCutShort = !page.add(JSON.stringify(record));
      if (isCutShort) break;
      last = sequence;
    }
    return {
      records: page.records,
      next: isCutShort ? encodeCursor(this.kind, { run: this.#run, before: last }) : undefined,
      oldest: this.#oldest(),
      malformedCount: 0,
    };
  }

  /** @throws {AppError} `INVALID` */
  #position(cursor: string): number {
    const { run, before } = decodeCursor(this.kind, cursor);
    if (run !== this.#run || typeof before !== 'number') throw badCursor();
    return before;
  }

  #oldest(): string | undefined {
    const [action, item] = [this.#actions.oldest, this.#items.oldest];
    const isItem = item !== undefined && (action === undefined || item.sequence < action.sequence);
    return (isItem ? item : action)?.record.time;
  }
}

/** Merges two rings by their sequence numbers. */
function* newestOfBoth(one: Ring, other: Ring): Generator<Kept, undefined> {
  const [left, right] = [one.newestFirst(), other.newestFirst()];
  let [a, b] = [left.next().value, right.next().value];
  while (a !== undefined || b !== undefined) {
    if (b === undefined || (a !== undefined && a.sequence > b.sequence)) {
      if (a !== undefined) yield a;
      a = left.next().value;
    } else {
      yield b;
      b = right.next().value;
    }
  }
}
