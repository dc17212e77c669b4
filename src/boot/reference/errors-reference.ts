import { STATUS_CODES } from 'node:http';
import { ERROR_CODES, type ErrorCodeEntry } from '../../errors/error-codes.js';
import { code, listEntry } from './markdown.js';

/** Every error code by its HTTP status, with an example. */
export function errorsReference(): string {
  const entries: [string, ErrorCodeEntry][] = Object.entries(ERROR_CODES);
  const statuses = [...new Set(entries.map(([, { status }]) => status))].sort((a, b) => a - b);
  return statuses
    .map((status) => {
      const codes = entries.filter(([, each]) => each.status === status);
      return `## ${status} ${STATUS_CODES[status] ?? ''}\n\n${codes.map(describe).join('\n')}`;
    })
    .join('\n\n');
}

function describe([name, { when, info }]: [string, ErrorCodeEntry]): string {
  const example = info === undefined ? '' : ` Example of ${code('info')}: ${code(JSON.stringify(info))}`;
  return listEntry(`**${code(name)}**: ${when}${example}`);
}
