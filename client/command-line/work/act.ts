import type { Command } from 'commander';
import type { Action, Selection } from '../../src/index.js';
import { EXIT, UsageError, type ExitCode } from '../exit-code.js';
import type { Column } from '../output/cell.js';
import { positiveNumber } from '../parse-number.js';
import type { Session } from '../service/session.js';
import { confirm, type ConfirmOptions } from './confirm.js';
import { readIds } from './ids.js';
import { withLeftOptions, type LeftOptions } from './left-files.js';
import { runBulk, type BulkRunOptions } from './run-bulk.js';
import { runInTurn, type Turn } from './run-in-turn.js';
import { selectionOf, withSelectionOptions, type SelectionOptions } from './selection-options.js';

/** Options of every command that acts on clients. */
export interface ActOptions extends SelectionOptions, ConfirmOptions, BulkRunOptions, LeftOptions {
  readonly partial?: boolean;
}

/** Gives a command the options that say to which clients, how fast, and whether to ask. */
export function withActOptions(command: Command): Command {
  return withLeftOptions(withSelectionOptions(command))
    .option('-y, --yes', 'do not ask, although it concerns more than one client')
    .option('-n, --dry-run', 'only show whom it would concern')
    .option('--per-second <number>', 'how many a second at most', positiveNumber)
    .option('--reason <text>', 'why, for the audit trail')
    .option('--partial', 'do it although not all brokers told which of their clients match');
}

/** How to speak of what is done. */
export interface Words {
  /** For the question: `Disconnect`. */
  readonly verb: string;
  /** Of several actions: what is true of a client of which something was done, but not all. */
  readonly halfway?: string;
}

const PLACEHOLDER = '${clientid}';

/**
 * Does something to clients: to those that are named, or to those that match. The next action of a client only after the one
 * before succeeded.
 *
 * @throws {UsageError} when it is not said to whom, or in two ways, or an id cannot stand in a topic: nothing was done
 */
export async function act(
  session: Session,
  ids: readonly string[],
  actions: readonly Action[],
  words: Words,
  options: ActOptions,
): Promise<ExitCode> {
  const selection = selectionOf(options);
  if (selection !== undefined && ids.length > 0)
    throw new UsageError('name client ids or give filters, not both');
  if (selection !== undefined && (options.left ?? options.leftUnknown) !== undefined)
    throw new UsageError(
      '--left and --left-unknown are for client ids: of what filters select, the service holds the list',
    );
  if (selection !== undefined) return actOnSelection(session, selection, actions, words, options);
  if (ids.length === 0)
    throw new UsageError(
      'to whom? Name client ids, - for standard input, or give filters such as --username',
    );
  return actOnIds(session, await readIds(ids), actions, words, options);
}

async function actOnSelection(
  session: Session,
  select: Selection,
  actions: readonly Action[],
  { verb }: Words,
  options: ActOptions,
): Promise<ExitCode> {
  const target = await session.target();
  const preview = await session.client.preview(target, { select, actions }, session.signal);
  const isComplete = session.tellNotAnswered(preview.notAnswered);
  const ids = preview.clients.map(({ clientid }) => clientid);
  if (options.dryRun === true) {
    const records = session.records(SELECTED_COLUMNS);
    await records.addAll(preview.clients);
    await records.end();
    session.terminal.say(
      `${preview.count} clients${preview.count > ids.length ? `; these are the first ${ids.length}` : ''}`,
    );
    return isComplete ? EXIT.allDone : EXIT.someFailed;
  }
  if (!isComplete && options.partial !== true)
    throw new UsageError('nothing was done: --partial does it on the brokers that answered');
  if (preview.count === 0) {
    session.terminal.say('no client matches');
    return EXIT.allDone;
  }
  if (!(await confirm(session, options, verb, preview.count, ids))) return EXIT.someFailed;
  const { selection, count } = preview;
  const work = { select, actions, selection, ...(options.partial === true && { partial: true }) };
  const nowhere = { notSent: () => undefined, unknown: () => undefined };
  return runBulk(session, target, work, count * actions.length, options, nowhere);
}

async function actOnIds(
  session: Session,
  ids: readonly string[],
  actions: readonly Action[],
  { verb, halfway = 'were done halfway' }: Words,
  options: ActOptions,
): Promise<ExitCode> {
  if (ids.length === 0) {
    session.terminal.say('there were no client ids');
    return EXIT.allDone;
  }
  // Before anything is done to any of them.
  for (const clientid of ids) for (const action of actions) forClient(action, clientid);
  const isReal = options.dryRun !== true;
  if (isReal && !(await confirm(session, options, verb, ids.length, ids))) return EXIT.someFailed;
  const target = await session.targetOfIds();
  if (!isReal) {
    const records = session.records(SELECTED_COLUMNS);
    await records.addAll(ids.map((clientid) => ({ broker: target.brokerId ?? '*', clientid })));
    await records.end();
    return EXIT.allDone;
  }
  // Over a project: wherever the client is.
  const where = target.brokerId === undefined ? { broker: '*' } : {};
  const turns = actions.map((action): Turn => {
    return (clientid) => ({ ...forClient(action, clientid), clientid, ...where });
  });
  return runInTurn(session, target, ids, turns, halfway, options);
}

/**
 * The action with the client's id where its topic says so, as the service does it for selections.
 *
 * @throws {UsageError} for an id that would name other topics than its own
 */
function forClient(action: Action, clientid: string): Action {
  if (!('topic' in action) || !action.topic.includes(PLACEHOLDER)) return action;
  if (/[+#/]/.test(clientid))
    throw new UsageError(`the id ${clientid} cannot stand in a topic: it holds "+", "#" or "/"`);
  return { ...action, topic: action.topic.replaceAll(PLACEHOLDER, () => clientid) };
}

interface Selected {
  readonly broker: string;
  readonly clientid: string;
}

const SELECTED_COLUMNS: readonly Column<Selected>[] = [
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'CLIENT ID', of: ({ clientid }) => clientid },
];
