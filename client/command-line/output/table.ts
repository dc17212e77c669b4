import type { Cell, Column } from './cell.js';
import { safeText } from './safe-text.js';

/** Rows by which the widths of the columns are found. */
const MEASURED = 200;
const GAP = '  ';
/** A longer cell sticks out, rather than to move all the others. */
const WIDEST = 64;

/**
 * A table of texts for people, as wide as its first rows need; later rows that need more get it. Holds those first rows only.
 */
export class Table<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #first: string[][] = [];
  #widths: readonly number[] | undefined;

  constructor(columns: readonly Column<Row>[]) {
    this.#columns = columns;
  }

  /** @returns the lines that can be written by now */
  add(row: Row): readonly string[] {
    const cells = this.#columns.map(({ of }) => show(of(row)));
    if (this.#widths !== undefined) return [this.#line(cells)];
    this.#first.push(cells);
    return this.#first.length < MEASURED ? [] : this.flush();
  }

  /** Writes what is held: the head, and the first rows. Nothing where there is none. */
  flush(): readonly string[] {
    if (this.#widths !== undefined || this.#first.length === 0) return [];
    const titles = this.#columns.map(({ title }) => title);
    const rows = [titles, ...this.#first.splice(0)];
    this.#widths = titles.map((_, at) =>
      Math.min(WIDEST, Math.max(...rows.map((cells) => widthOf(cells[at] ?? '')))),
    );
    return rows.map((cells) => this.#line(cells));
  }

  #line(cells: readonly string[]): string {
    const padded = cells.map(
      (cell, at) => cell + ' '.repeat(Math.max(0, (this.#widths?.[at] ?? 0) - widthOf(cell))),
    );
    return padded.join(GAP).trimEnd();
  }
}

function show(cell: Cell): string {
  if (cell === undefined || cell === null || cell === '') return '-';
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no';
  return safeText(String(cell));
}

/** Columns of a terminal that a text takes: letters of East Asia and pictures take two, marks on a letter none. */
function widthOf(text: string): number {
  // eslint-disable-next-line no-control-regex -- the range of what is one column wide for sure
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}|\u200b|\u200d/u.test(character)) continue;
    width +=
      /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[\uff01-\uff60]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
