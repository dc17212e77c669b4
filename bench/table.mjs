const NUMBER = /^[\d.,-]*$/;

/** Everything that was printed, for `--json`. */
const report = { tables: [] };
let isJson = false;

/** From now on nothing is printed; {@link printReport} prints all of it at the end, as JSON. */
export function reportAsJson() {
  isJson = true;
}

/** Prints what the figures were measured on. */
export function printMachine(machine) {
  report.machine = machine;
  if (!isJson) console.log(machine);
}

/** Prints rows as a Markdown table with aligned columns; numbers go to the right. */
export function printTable(title, head, rows) {
  report.tables.push({ title, rows: rows.map((row) => toObject(head, row)) });
  if (isJson) return;
  const columns = head.map((name, i) => {
    const cells = rows.map((row) => row[i]);
    const width = Math.max(name.length, ...cells.map((cell) => cell.length));
    const isNumeric = cells.every((cell) => NUMBER.test(cell));
    return {
      pad: (cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)),
      rule: `${'-'.repeat(width + 1)}${isNumeric ? ':' : '-'}`,
    };
  });
  const line = (row) => `| ${row.map((cell, i) => columns[i].pad(cell)).join(' | ')} |`;
  console.log(`\n${title}\n`);
  console.log(line(head));
  console.log(`|${columns.map(({ rule }) => rule).join('|')}|`);
  for (const row of rows) console.log(line(row));
}

/** With `--json`: prints everything as one JSON object, numbers as numbers. */
export function printReport() {
  if (isJson) console.log(JSON.stringify(report, null, 2));
}

/** A row by the names of its columns; empty cells are left out. */
function toObject(head, row) {
  const cells = row
    .map((cell, i) => [head[i] === '' ? 'result' : head[i], cell])
    .filter(([, cell]) => cell !== '');
  return Object.fromEntries(
    cells.map(([name, cell]) => [name, NUMBER.test(cell) ? Number(cell.replaceAll(',', '')) : cell]),
  );
}

export const whole = (value) => Math.round(value).toLocaleString('en-US');
export const fixed = (value, digits = 2) => value.toFixed(digits);
