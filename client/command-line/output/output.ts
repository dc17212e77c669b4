import type { Column } from './cell.js';
import { csvLine } from './csv.js';
import { safeJson } from './safe-text.js';
import { Table } from './table.js';

/** How records are written. */
export const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** How long the first rows of a table are held, for its columns to fit them. */
const HOLD_MS = 300;

/** Where text goes to; resolves when more can be taken. */
export type Write = (text: string) => Promise<void>;

/**
 * Writes records of one kind, as they come: a table for people, or JSON, JSON by line, or CSV for programs, where each record
 * stands as the service told it.
 */
export class Records<Row extends object> {
  readonly #format: Format;
  readonly #columns: readonly Column<Row>[];
  readonly #write: Write;
  readonly #table: Table<Row>;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(format: Format, columns: readonly Column<Row>[], write: Write) {
    this.#format = format;
    this.#columns = columns;
    this.#write = write;
    this.#table = new Table(columns);
  }

  /** How many were written. */
  get count(): number {
    return this.#count;
  }

  add(row: Row): Promise<void> {
    return this.#put(this.#textOf(row));
  }

  /** Several at once, which is cheaper where there are very many. */
  async addAll(rows: Iterable<Row> | AsyncIterable<Row>): Promise<void> {
    if (Symbol.asyncIterator in rows) for await (const row of rows) await this.add(row);
    else await this.#put([...rows].map((row) => this.#textOf(row)).join(''));
  }

  /** What is held comes out: of a table, its first rows. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#put(toText(this.#table.flush()));
  }

  /** There are no more. An empty list is an empty list in JSON, a head in CSV, and nothing in a table. */
  async end(): Promise<void> {
    if (this.#format === 'json') await this.#put(this.#count === 0 ? '[]\n' : '\n]\n');
    else if (this.#format === 'csv' && this.#count === 0) await this.#put(this.#csvHead());
    await this.flush();
  }

  #textOf(row: Row): string {
    const isFirst = this.#count++ === 0;
    switch (this.#format) {
      case 'table':
        // Rows that come slowly are not held back for the sake of their columns.
        if (isFirst) this.#timer = setTimeout(() => void this.flush(), HOLD_MS);
        return toText(this.#table.add(row));
      case 'ndjson':
        return `${safeJson(row)}\n`;
      case 'json':
        return `${isFirst ? '[' : ','}\n${safeJson(row)}`;
      case 'csv':
        return `${isFirst ? this.#csvHead() : ''}${csvLine(this.#columns.map(({ of }) => of(row)))}\n`;
      default:
        return this.#format satisfies never;
    }
  }

  #csvHead(): string {
    return `${csvLine(this.#columns.map(({ title }) => title.toLowerCase().replaceAll(' ', '_')))}\n`;
  }

  async #put(text: string): Promise<void> {
    if (text !== '') await this.#write(text);
  }
}

function toText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
