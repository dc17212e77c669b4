const NUMBER = /^[\d.,-]*$/;

/** Prints rows as a Markdown table with aligned columns; numbers go to the right. */
export function printTable(title, head, rows) {
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

export const whole = (value) => Math.round(value).toLocaleString('en-US');
export const fixed = (value, digits = 2) => value.toFixed(digits);
