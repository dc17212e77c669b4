import type { ItemOutcome } from '@mqtt-client-control/client';
import type { StatusKind } from '../components/status.js';

const DONE: Readonly<Record<string, string>> = {
  disconnect: 'disconnected',
  subscribe: 'subscribed',
  unsubscribe: 'unsubscribed',
  ban: 'banned',
};

/** What became of an item, as a person would say it. */
export function outcomeOf({ outcome, action, absent, error }: ItemOutcome): {
  kind: StatusKind;
  words: string;
} {
  const why = error === undefined ? '' : `: ${error.message}`;
  switch (outcome) {
    case 'done':
      return { kind: 'ok', words: absent === true ? 'was not subscribed' : (DONE[action ?? ''] ?? 'done') };
    case 'failed':
      return { kind: 'bad', words: error?.message ?? 'failed' };
    case 'not-sent':
      return { kind: 'off', words: `not sent${why}` };
    case 'unknown':
      return { kind: 'busy', words: `unknown, may have been done${why}` };
  }
}

const HEAD = ['broker', 'clientid', 'action', 'outcome', 'status', 'code', 'message'];

/** The outcome of each as CSV (RFC 4180), for a spreadsheet: what would be taken for a formula is made text. */
export function toCsv(items: readonly ItemOutcome[]): string {
  const lines = items.map(({ broker, clientid, action, outcome, status, error }) =>
    [broker, clientid, action, outcome, status, error?.code, error?.message].map(cell).join(','),
  );
  return [HEAD.join(','), ...lines, ''].join('\r\n');
}

function cell(value: string | number | undefined): string {
  const text = String(value ?? '');
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
