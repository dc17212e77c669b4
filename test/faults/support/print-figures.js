import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const FIGURES = '.cache/faults/figures.jsonl';
const BEGAN = '.cache/faults/began';
const TABLE = '.cache/faults/figures.txt';
const COLUMNS = [
  '',
  'requests',
  'faults',
  'executed',
  'done',
  'rejected',
  'not sent',
  'unknown',
  'violations',
];

/** After the suite: prints what was asked, injected and executed, how it ended, and what broke an invariant. */
export default function printFigures() {
  if (!existsSync(FIGURES)) return;
  const runs = readFileSync(FIGURES, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const rowsOf = (unit) => mergeRows(runs.filter((run) => run.unit === unit));
  const requests = withTotal(rowsOf('requests'));
  // What is counted in calls for many is no request of its own, and listed apart.
  const items = withTotal(rowsOf('items'));
  const heading = ['items of calls for many, bans', 'items', ...COLUMNS.slice(2)];
  const table = [COLUMNS, ...requests, ...(items.length > 0 ? [heading, ...items] : [])];
  const text =
    `Fault injection, ${process.env.TEST_FORM === 'long' ? 'long' : 'short'} form, seed ${runs[0].seed}\n` +
    `${format(table)}\n${summary(runs, requests, items)}\n`;
  writeFileSync(TABLE, text);
  console.log(`\n${text}`);
}

/** The one line that says it all. */
function summary(runs, requests, items) {
  const sum = (column) => (requests.at(-1)?.[column] ?? 0) + (items.at(-1)?.[column] ?? 0);
  const seconds = Math.round((Date.now() - Number(readFileSync(BEGAN, 'utf8'))) / 1000);
  const residentMb = Math.max(...runs.map((run) => run.residentMb));
  const counted = items.length > 0 ? `, and ${items.at(-1)[1]} items of calls for many and bans` : '';
  return (
    `${requests.at(-1)?.[1] ?? 0} requests${counted}, ${sum(2)} faults, ${sum(8)} violations, ${seconds} seconds; ` +
    `no test process was larger than ${residentMb} MB`
  );
}

/** A row for each name. */
function mergeRows(runs) {
  const rows = new Map();
  for (const { name, requests, faults, executed, outcomes, violations } of runs) {
    const counts = [requests, faults, executed, ...countByMeaning(outcomes), violations];
    const before = rows.get(name) ?? counts.map(() => 0);
    rows.set(
      name,
      counts.map((count, at) => count + before[at]),
    );
  }
  return [...rows].map(([name, counts]) => [name, ...counts]);
}

function withTotal(rows) {
  if (rows.length === 0) return [];
  const sum = (column) => rows.reduce((total, row) => total + row[column], 0);
  return [...rows, ['total', ...COLUMNS.slice(1).map((_, index) => sum(index + 1))]];
}

function format(table) {
  const cells = table.map((row) => row.map(String));
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))),
    )
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

/** How many callers were told: it is done; it was refused, by the service or by the broker; it was not sent; it may have been done. */
function countByMeaning(outcomes) {
  const counts = [0, 0, 0, 0];
  for (const [outcome, count] of Object.entries(outcomes)) counts[meaningOf(outcome)] += count;
  return counts;
}

function meaningOf(outcome) {
  if (/^20[04]/.test(outcome)) return 0;
  if (/^4/.test(outcome)) return 1;
  return /not-sent$|BROKER_BUSY|SHUTTING_DOWN/.test(outcome) ? 2 : 3;
}
