import type { Operation, Target } from '../../src/index.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../service/session.js';
import { withLeftFiles, type Leftovers, type LeftOptions } from './left-files.js';
import { runBulk, sayNotSent, type BulkRunOptions } from './run-bulk.js';

/** What to do to a client. */
export type Turn = (clientid: string) => Operation;

/**
 * Carries out one or more operations on each client, the next one only on those of which the one before was done. When it is
 * stopped, all that a client would still have had is left, and it says how many were left halfway.
 *
 * @param halfway what is true of a client of which something was done, but not all
 */
export async function runInTurn(
  session: Session,
  target: Target,
  ids: readonly string[],
  turns: readonly Turn[],
  halfway: string,
  options: BulkRunOptions & LeftOptions,
): Promise<ExitCode> {
  const { terminal, signal } = session;
  return withLeftFiles(options, async (files) => {
    let clients = ids;
    let worst: ExitCode = EXIT.allDone;
    for (const [at, turn] of turns.entries()) {
      if (clients.length === 0) break;
      const operations = clients.map(turn);
      const leftovers = withFollowing(files, turns.slice(at + 1));
      const done = new Set<string>();
      const unknown = new Set<string>();
      const leaveAll = (): void => {
        for (const operation of operations) leftovers.notSent(operation);
        sayNotSent(session, operations.length, options);
      };
      if (at > 0 && signal.aborted) {
        leaveAll();
        worst = worse(worst, EXIT.someFailed);
      } else
        try {
          const counted: Leftovers = {
            ...leftovers,
            unknown: (operation) => {
              unknown.add(operation.clientid);
              leftovers.unknown(operation);
            },
          };
          const onDone = (clientid: string): void => void done.add(clientid);
          const total = operations.length;
          worst = worse(worst, await runBulk(session, target, operations, total, options, counted, onDone));
        } catch (error) {
          // Refused as a whole. Before anything was done, that is all there is to say.
          if (at === 0) throw error;
          terminal.say(error instanceof Error ? error.message : String(error));
          leaveAll();
          worst = worse(worst, EXIT.someFailed);
        }
      const behind = clients.length - done.size - unknown.size;
      if (at > 0 && behind > 0) terminal.say(`${behind} ${halfway}`);
      clients = clients.filter((clientid) => done.has(clientid));
    }
    return worst;
  });
}

/** Whatever is left of a client, what would have followed is left, too. */
function withFollowing({ notSent, unknown }: Leftovers, following: readonly Turn[]): Leftovers {
  const all = (operation: Operation): readonly Operation[] => [
    operation,
    ...following.map((turn) => turn(operation.clientid)),
  ];
  return {
    notSent: (operation) => all(operation).forEach(notSent),
    unknown: (operation) => all(operation).forEach(unknown),
  };
}

function worse(one: ExitCode, other: ExitCode): ExitCode {
  return one > other ? one : other;
}
