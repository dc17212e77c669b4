import type { Cell } from './cell.js';
import { safeText } from './safe-text.js';

/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@]/;

/**
 * One line of a CSV file. A text that a spreadsheet would take for a formula gets an apostrophe before it; characters that a
 * terminal would obey are shown as `\u009b`.
 *
 * Source: RFC 4180, OWASP "CSV Injection".
 */
export function csvLine(cells: readonly Cell[]): string {
  return cells.map(csvCell).join(',');
}

function csvCell(cell: Cell): string {
  if (cell === undefined || cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = safeText(cell);
  const harmless = FORMULA.test(text.trimStart()) ? `'${text}` : text;
  return /[",]/.test(harmless) || harmless.trim() !== harmless
    ? `"${harmless.replaceAll('"', '""')}"`
    : harmless;
}
