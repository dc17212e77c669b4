import { safeJson } from './safe-text.js';

/** What stands in a column. */
export type Cell = string | number | boolean | null | undefined;

/** One column of a table: its title, and what it shows of a record. */
export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => Cell;
}

/** A time in epoch milliseconds as one reads it. */
export function time(ms: number | null | undefined): string | undefined {
  if (ms === null || ms === undefined || !Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return undefined;
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Anything, short. */
export function short(value: unknown): Cell {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? safeJson(value) : (value as Cell);
}
