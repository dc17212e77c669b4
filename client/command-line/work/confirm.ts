import { UsageError } from '../exit-code.js';
import type { Session } from '../service/session.js';

/** How an action on several clients is let through. */
export interface ConfirmOptions {
  /** Do not ask. */
  readonly yes?: boolean;
  /** Only say whom it would concern. */
  readonly dryRun?: boolean;
}

/** Names shown in a question. */
const SHOWN = 5;

/**
 * Asks before something is done to more than one client.
 *
 * @returns false when the answer is no
 * @throws {UsageError} when nobody can be asked and nobody said yes beforehand
 */
export async function confirm(
  session: Session,
  { yes = false }: ConfirmOptions,
  what: string,
  count: number,
  ids: readonly string[],
): Promise<boolean> {
  if (count <= 1 || yes) return true;
  if (!session.terminal.isInteractive)
    throw new UsageError(
      `this concerns ${count} clients and nobody can be asked: --yes does it, --dry-run shows them`,
    );
  const more = count > SHOWN ? ', …' : '';
  session.terminal.say(`${count} clients: ${ids.slice(0, SHOWN).join(', ')}${more}`);
  const isYes = await session.terminal.ask(`${what} all ${count}?`, session.signal);
  if (!isYes) session.terminal.say('nothing was done');
  return isYes;
}
