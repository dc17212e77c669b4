import { Option, type Command } from 'commander';
import {
  isApiError,
  isClientNotFound,
  isOutcomeUnknown,
  type Action,
  type DisconnectClientDto,
} from '../../src/index.js';
import { EXIT, NotAwaitedError, UsageError, type ExitCode } from '../exit-code.js';
import type { Column } from '../output/cell.js';
import { positiveNumber } from '../parse-number.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions, Session } from '../service/session.js';
import { act, withActOptions, type ActOptions } from '../work/act.js';
import { confirm } from '../work/confirm.js';
import { readIds } from '../work/ids.js';
import { locate, type Place } from '../work/locate.js';
import { selectionOf } from '../work/selection-options.js';

interface KickOptions extends ServiceOptions, ActOptions {
  readonly will: boolean;
  readonly cleanSession?: boolean;
  readonly ifConnectedSince?: number;
  readonly watch?: number | true;
}

const WATCH_S = 10;
const MAX_WATCH_S = 30;

/** `kick`: disconnects clients. */
export function addKickCommand(program: Command): void {
  const command = program
    .command('kick')
    .argument('[clientid...]', 'client ids; - reads them from standard input, one per line')
    .summary('disconnect clients');
  withActOptions(withServiceOptions(command))
    .option('--no-will', 'their wills are not published')
    .option('--clean-session', 'remove their sessions, too')
    .option('--if-connected-since <ms>', 'only this connection, as lastConnect shows it', positiveNumber)
    .addOption(
      new Option(
        '-w, --watch [seconds]',
        `see whether they come back, for ${WATCH_S} seconds, or so many`,
      ).argParser(positiveNumber),
    )
    .action((ids: string[], options: KickOptions) =>
      runOnService(options, { acts: true }, (session) => {
        const { will, cleanSession, ifConnectedSince } = options;
        const choices = {
          ...(!will && { preventWillMessage: true }),
          ...(cleanSession === true && { cleanSession }),
          ...(ifConnectedSince !== undefined && { ifConnectedSince }),
        };
        if (options.watch !== undefined && options.dryRun !== true)
          return kickAndWatch(session, ids, choices, options);
        const action: Action = { action: 'disconnect', ...choices };
        return act(session, ids, [action], { verb: 'Disconnect' }, options);
      }),
    );
}

interface Kicked {
  readonly broker: string;
  readonly clientid: string;
  readonly outcome: 'done' | 'failed' | 'unknown';
  readonly code?: string;
  readonly cameBackAfterMs?: number;
  readonly message?: string;
}

const COLUMNS: readonly Column<Kicked>[] = [
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'CLIENT ID', of: ({ clientid }) => clientid },
  { title: 'OUTCOME', of: ({ outcome }) => outcome },
  { title: 'CODE', of: ({ code }) => code },
  {
    title: 'CAME BACK',
    of: ({ outcome, cameBackAfterMs }) => {
      if (outcome !== 'done') return undefined;
      return cameBackAfterMs === undefined ? 'no' : `after ${(cameBackAfterMs / 1000).toFixed(1)} s`;
    },
  },
];

/** One after the other: each is watched in a call of its own. */
async function kickAndWatch(
  session: Session,
  names: readonly string[],
  choices: Omit<DisconnectClientDto, 'clientid'>,
  options: KickOptions,
): Promise<ExitCode> {
  if (selectionOf(options) !== undefined || names.length === 0)
    throw new UsageError('--watch is for client ids that are named');
  const seconds = options.watch === true || options.watch === undefined ? WATCH_S : options.watch;
  if (seconds > MAX_WATCH_S) throw new UsageError(`--watch takes at most ${MAX_WATCH_S} seconds`);
  const ids = await readIds(names);
  if (ids.length === 0) {
    session.terminal.say('there were no client ids');
    return EXIT.allDone;
  }
  const { connections, isComplete } = await connectionsOf(session, ids);
  const labels = connections.map(({ clientid, path }) => `${clientid} on ${path.brokerId}`);
  if (!(await confirm(session, options, 'Disconnect', labels.length, labels))) return EXIT.someFailed;
  const records = session.records(COLUMNS);
  let worst: ExitCode = isComplete ? EXIT.allDone : EXIT.someFailed;
  let left = connections.length;
  for (const { clientid, path } of connections) {
    if (session.signal.aborted) break;
    left -= 1;
    const body = { clientid, ...choices, watchMs: seconds * 1000 };
    const kicked = await session
      .acting((signal) => session.client.disconnectClient({ path, body, signal }))
      .then(
        ({ data: { reconnected } }): Kicked => ({
          broker: path.brokerId,
          clientid,
          outcome: 'done',
          ...(reconnected !== null && reconnected !== undefined && { cameBackAfterMs: reconnected.afterMs }),
        }),
        (error: unknown): Kicked => failed(path.brokerId, clientid, error),
      );
    await records.add(kicked);
    if (kicked.outcome === 'failed') worst = worse(worst, EXIT.someFailed);
    if (kicked.outcome === 'unknown') worst = EXIT.outcomeUnknown;
  }
  await records.end();
  if (worst === EXIT.outcomeUnknown)
    session.terminal.say('nobody knows whether those that are unknown were done');
  if (left > 0) {
    session.terminal.say(`${left} were not sent`);
    worst = worse(worst, EXIT.someFailed);
  }
  return worst;
}

interface Connection {
  readonly clientid: string;
  readonly path: Place;
}

/** Where the clients are: on the broker that was named, or wherever in the project. @returns whether all were found, too */
async function connectionsOf(
  session: Session,
  ids: readonly string[],
): Promise<{ readonly connections: readonly Connection[]; readonly isComplete: boolean }> {
  const { projectId, brokerId } = await session.targetOfIds();
  if (brokerId !== undefined)
    return {
      connections: ids.map((clientid) => ({ clientid, path: { projectId, brokerId } })),
      isComplete: true,
    };
  const connections: Connection[] = [];
  let isComplete = true;
  for (const clientid of ids) {
    const located = await locate(session, clientid, { projectId });
    isComplete &&= located.isComplete && located.places.length > 0;
    connections.push(...located.places.map((path) => ({ clientid, path })));
  }
  return { connections, isComplete };
}

function failed(broker: string, clientid: string, error: unknown): Kicked {
  if (error instanceof NotAwaitedError || isOutcomeUnknown(error))
    return { broker, clientid, outcome: 'unknown' };
  if (isClientNotFound(error) || isApiError(error))
    return { broker, clientid, outcome: 'failed', code: error.code, message: error.message };
  throw error;
}

function worse(one: ExitCode, other: ExitCode): ExitCode {
  return one > other ? one : other;
}
