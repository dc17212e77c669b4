// Calls for many clients: `bulk.mjs` measures them, in a process of its own; here its figures become a table.
import { execFileSync } from 'node:child_process';
import { printTable } from './table.mjs';

const FIGURE = /^(.+?)\s{2,}(-?[\d.]+)$/;

/** @param {{ items: number, only: string }} options as `bulk.mjs` has them */
export function measureBulk({ items, only }) {
  const output = execFileSync(
    process.execPath,
    ['bench/bulk.mjs', '--items', String(items), '--only', only],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const rows = output.split('\n').flatMap((line) => {
    const [, name, value] = FIGURE.exec(line) ?? [];
    return name === undefined ? [] : [[name, Number(value).toLocaleString('en-US')]];
  });
  if (rows.length === 0) throw new Error(`no figures:\n${output}`);
  printTable('Calls for many clients (bench/bulk.mjs)', ['figure', 'measured'], rows);
}
