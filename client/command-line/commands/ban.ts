import { Option, type Command } from 'commander';
import type { Selection, SetBanDto, Target } from '../../src/index.js';
import { EXIT, UsageError, type ExitCode } from '../exit-code.js';
import type { Column } from '../output/cell.js';
import { durationMs } from '../parse-number.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions, Session } from '../service/session.js';
import { confirm, type ConfirmOptions } from '../work/confirm.js';
import { listClients } from '../work/list-clients.js';

/** Which ban. */
export interface BanKey {
  readonly as: SetBanDto['as'];
}

interface BanOptions extends ServiceOptions, ConfirmOptions, BanKey {
  readonly until?: string;
  readonly for?: number;
  readonly reason?: string;
  readonly disconnect: boolean;
}

/** Gives a command the option that says what `who` is. */
export function withBanKey(command: Command): Command {
  return command.addOption(
    new Option('--as <what>', 'what it is').choices(['clientid', 'username', 'address']).default('clientid'),
  );
}

/** `ban`: keeps clients out, and disconnects those that are there. */
export function addBanCommand(program: Command): void {
  const command = program
    .command('ban')
    .argument('<who>', 'a client id or a user name, or a pattern of them; an address or a network')
    .summary('keep clients out, and disconnect those that are there');
  withBanKey(withServiceOptions(command))
    .option('--until <time>', 'until then (RFC 3339); without it, until it is lifted')
    .option('--for <duration>', 'for so long: 30s, 10m, 2h, 7d', durationMs)
    .option('--reason <text>', 'why')
    .option('--no-disconnect', 'leave those alone that are connected now')
    .option('-y, --yes', 'do not ask, although it concerns more than one client')
    .option('-n, --dry-run', 'only show whom it would disconnect')
    .action((who: string, options: BanOptions) =>
      runOnService(options, { acts: true }, (session) => ban(session, who, options)),
    );
}

async function ban(session: Session, who: string, options: BanOptions): Promise<ExitCode> {
  const target = await session.target();
  const { projectId, brokerId } = target;
  if (options.dryRun === true) {
    const where = brokerId === undefined ? { projectId } : { projectId, brokerId };
    return listClients(session, where, { [options.as]: who, connected: true });
  }
  if (options.as !== 'clientid' || /[*?]/.test(who)) {
    if (!(await confirmPattern(session, target, who, options))) return EXIT.someFailed;
  }
  const body: SetBanDto = {
    as: options.as,
    who,
    until: untilOf(options),
    ...(options.reason !== undefined && { reason: options.reason }),
    ...(!options.disconnect && { disconnect: false }),
  };
  if (brokerId !== undefined) {
    const path = { projectId, brokerId };
    const { data } = await session.acting((signal) => session.client.setBan({ path, body, signal }));
    return writeBanned(session, [{ broker: brokerId, status: 200, disconnected: data.disconnected }]);
  }
  const path = { projectId };
  const { data } = await session.acting((signal) => session.client.setBanOnProject({ path, body, signal }));
  return writeBanned(session, data.brokers);
}

/**
 * Asks when more than one client is meant, whether or not it is connected just now.
 *
 * @throws {UsageError} when not all brokers told which clients are
 */
async function confirmPattern(
  session: Session,
  target: Target,
  who: string,
  options: BanOptions,
): Promise<boolean> {
  if (options.yes === true) return true;
  const select: Selection = { [options.as]: who };
  const { count, clients, notAnswered } = await session.client.preview(
    target,
    { select, actions: [{ action: 'disconnect' }] },
    session.signal,
  );
  if (!session.tellNotAnswered(notAnswered))
    throw new UsageError('nothing was done: nobody knows whom it concerns there; --yes does it nonetheless');
  const ids = clients.map(({ clientid }) => clientid);
  const verb = options.disconnect ? 'Disconnect and keep out' : 'Keep out';
  return confirm(session, options, verb, count, ids);
}

/** What became of a ban on one broker. */
interface Banned {
  readonly broker: string;
  readonly status: number;
  readonly disconnected?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string; readonly info?: unknown };
}

const SHOWN = 5;

const BANNED_COLUMNS: readonly Column<Banned>[] = [
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'OUTCOME', of: ({ error }) => (error === undefined ? 'done' : error.code) },
  {
    title: 'DISCONNECTED',
    of: ({ disconnected = [] }) =>
      [
        ...disconnected.slice(0, SHOWN),
        ...(disconnected.length > SHOWN ? [`and ${disconnected.length - SHOWN} more`] : []),
      ].join(', '),
  },
  { title: 'WHY', of: ({ error }) => error?.message },
];

/** Writes what became of it on each broker. */
export async function writeBanned(session: Session, brokers: readonly Banned[]): Promise<ExitCode> {
  const records = session.records(BANNED_COLUMNS);
  await records.addAll(brokers);
  await records.end();
  const failed = brokers.flatMap(({ error }) => (error === undefined ? [] : [error]));
  if (failed.some(({ info }) => isUnknown(info))) return EXIT.outcomeUnknown;
  return failed.length > 0 ? EXIT.someFailed : EXIT.allDone;
}

function isUnknown(info: unknown): boolean {
  return typeof info === 'object' && info !== null && 'outcome' in info && info.outcome === 'unknown';
}

function untilOf({ until, for: ms }: BanOptions): string | null {
  if (until !== undefined && ms !== undefined) throw new UsageError('give --until or --for, not both');
  if (ms !== undefined) return new Date(Date.now() + ms).toISOString();
  if (until === undefined) return null;
  const at = Date.parse(until);
  if (Number.isNaN(at)) throw new UsageError(`--until is no time: ${until}`);
  if (at <= Date.now()) throw new UsageError(`--until is in the past: ${until}`);
  return until;
}
