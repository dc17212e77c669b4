import { TOKENS } from '../../support/test-service.js';

/** The password of every broker in the suite. */
export const BROKER_PASSWORD = 'broker-password-of-the-faults';
/** Begins every made-up credential that the suite presents. */
export const PRESENTED = 'presented-credential';

const SECRETS = [...Object.values(TOKENS), BROKER_PASSWORD, PRESENTED];
const logs: (readonly string[])[] = [];

/** Remembers the log of a service for {@link logLinesWithSecrets}. */
export function noteLogs(lines: readonly string[]): void {
  logs.push(lines);
}

/** Which log lines of this spec's services hold a token or a password; none, and how many lines there were. */
export function logLinesWithSecrets(): { readonly searched: number; readonly found: readonly string[] } {
  const lines = logs.flat();
  return { searched: lines.length, found: lines.filter(holdsSecret) };
}

/** Whether a text holds a credential of the suite. */
export function holdsSecret(text: string): boolean {
  return SECRETS.some((secret) => text.includes(secret));
}
