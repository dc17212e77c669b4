import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const FIGURES = '.cache/faults/figures.jsonl';
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

/** After the suite: prints one table of what was asked, injected and executed, how it ended, and what broke an invariant. */
export default function printFigures() {
  if (!existsSync(FIGURES)) return;
  const runs = readFileSync(FIGURES, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const rows = runs.map(({ name, requests, faults, executed, outcomes, violations }) => [
    name,
    requests,
    faults,
    executed,
    ...countByMeaning(outcomes),
    violations,
  ]);
  const sum = (column) => rows.reduce((total, row) => total + row[column], 0);
  const total = ['total', ...COLUMNS.slice(1).map((_, index) => sum(index + 1))];
  const table = [COLUMNS, ...rows, total].map((row) => row.map(String));
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join('  '),
  );
  const [{ seed }] = runs;
  const form = process.env.FAULTS === 'long' ? 'long' : 'short';
  const text = `Fault injection, ${form} form, seed ${seed}\n${lines.join('\n')}\n`;
  writeFileSync(TABLE, text);
  console.log(`\n${text}`);
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
