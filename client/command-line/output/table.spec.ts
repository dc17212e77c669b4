import { describe, expect, it } from '@jest/globals';
import type { Column } from './cell.js';
import { Table } from './table.js';

const COLUMNS: readonly Column<readonly [string | null, boolean]>[] = [
  { title: 'ID', of: ([id]) => id },
  { title: 'ON', of: ([, on]) => on },
];

describe('Table', () => {
  it('is as wide as what is in it', () => {
    const table = new Table(COLUMNS);
    table.add(['long-name', true]);
    table.add([null, false]);
    expect(table.flush()).toEqual(['ID         ON', 'long-name  yes', '-          no']);
  });

  it('writes rows as they come once it knows its columns', () => {
    const table = new Table(COLUMNS);
    const written = Array.from({ length: 300 }, (_, at) => table.add([`c${at}`, true]).length);
    expect(written.slice(0, 199)).toEqual(Array.from({ length: 199 }, () => 0));
    expect(written[199]).toBe(201);
    expect(written[200]).toBe(1);
    expect(table.flush()).toEqual([]);
  });

  it('writes nothing, not even a head, where there is nothing', () => {
    expect(new Table(COLUMNS).flush()).toEqual([]);
  });

  it('keeps its columns with letters that are wider, and marks that take no room', () => {
    const table = new Table(COLUMNS);
    table.add(['温度', true]);
    table.add(['e\u0301', true]);
    table.add(['abcd', true]);
    expect(table.flush()).toEqual(['ID    ON', '温度  yes', 'e\u0301     yes', 'abcd  yes']);
  });

  it('is not torn by what a text holds', () => {
    const table = new Table(COLUMNS);
    table.add(['a\nb\tc\u001b[2J', true]);
    expect(table.flush()[1]).toBe('a\\u000ab\\u0009c\\u001b[2J  yes');
  });
});
