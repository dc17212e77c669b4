import { TOKENS } from '../../support/test-service.js';

/** The password of every broker in the suite. */
export const BROKER_PASSWORD = 'broker-password-of-the-faults';
/** Begins every made-up credential that the suite presents. */
export const PRESENTED = 'presented-credential';

const SECRETS = [...Object.values(TOKENS), BROKER_PASSWORD, PRESENTED];
/** Logs of services that still run. */
const logs = new Set<readonly string[]>();
const found: string[] = [];
let searched = 0;

/** Remembers the log of a service for {@link logLinesWithSecrets}. */
export function noteLogs(lines: readonly string[]): void {
  logs.add(lines);
}

/** Searches a log that is complete now, and forgets it: a long run writes hundreds of megabytes. */
export function searchLogs(lines: readonly string[]): void {
  logs.delete(lines);
  searched += lines.length;
  for (const line of lines) if (holdsSecret(line)) found.push(line);
}

/** Which log lines of this spec's services hold a token or a password; none, and how many lines there were. */
export function logLinesWithSecrets(): { readonly searched: number; readonly found: readonly string[] } {
  for (const lines of logs) searchLogs(lines);
  return { searched, found };
}

/** Whether a text holds a credential of the suite. */
export function holdsSecret(text: string): boolean {
  return SECRETS.some((secret) => text.includes(secret));
}
