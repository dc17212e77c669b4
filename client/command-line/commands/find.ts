import type { Command } from 'commander';
import type { ClientQuery, Whereabouts } from '../../src/index.js';
import { UsageError } from '../exit-code.js';
import { positiveNumber } from '../parse-number.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { Session, ServiceOptions } from '../service/session.js';
import { listClients } from '../work/list-clients.js';
import { selectionOf, withSelectionOptions, type SelectionOptions } from '../work/selection-options.js';
import { watch, withWatch, type WatchOptions } from '../work/watch.js';

interface FindOptions extends ServiceOptions, SelectionOptions, WatchOptions {
  readonly limit?: number;
  readonly fields?: string;
}

/** `find`: clients, on whichever broker they are. */
export function addFindCommand(program: Command): void {
  const command = program
    .command('find')
    .argument('[pattern]', 'the client id, or a pattern: * any characters, ? one')
    .summary('find clients, on whichever broker they are');
  withFindOptions(command).action((pattern: string | undefined, options: FindOptions) =>
    runOnService(options, { acts: false }, (session) => {
      const query = queryOf(pattern, options);
      return watch(session, options, () => listClients(session, everywhere(session), query));
    }),
  );
}

/** `ls`: the clients of one broker. */
export function addLsCommand(program: Command): void {
  const command = program.command('ls').summary('list the clients of a broker, or of all');
  withFindOptions(command).action((options: FindOptions) =>
    runOnService(options, { acts: false }, (session) => {
      const query = queryOf(undefined, options);
      return watch(session, options, () => listClients(session, everywhere(session), query));
    }),
  );
}

function withFindOptions(command: Command): Command {
  return withWatch(withSelectionOptions(withServiceOptions(command)))
    .option('--limit <number>', 'at most so many; without it, all', positiveNumber)
    .option('--fields <names>', 'only these fields, with commas between them');
}

/** What was named, and else everything that the caller may see. */
function everywhere({ connection: { project, broker } }: Session): Whereabouts {
  if (broker === undefined) return { projectId: project };
  if (project === undefined) throw new UsageError('--broker needs a --project here');
  return { projectId: project, brokerId: broker };
}

function queryOf(pattern: string | undefined, { limit, fields, ...options }: FindOptions): ClientQuery {
  if (pattern !== undefined && options.clientid !== undefined)
    throw new UsageError('give the pattern as an argument or as --clientid, not both');
  const { connectedBefore, connectedAfter, ...selection } = selectionOf(options) ?? {};
  return {
    ...selection,
    ...(pattern !== undefined && { clientid: pattern }),
    ...(connectedBefore !== undefined && { connectedBefore: String(connectedBefore) }),
    ...(connectedAfter !== undefined && { connectedAfter: String(connectedAfter) }),
    ...(limit !== undefined && { limit }),
    ...(fields !== undefined && { fields }),
  };
}
