import type { Command } from 'commander';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Operation } from '../../src/index.js';
import { EXIT, UsageError, type ExitCode } from '../exit-code.js';
import { positiveNumber } from '../parse-number.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions } from '../service/session.js';
import { confirm, type ConfirmOptions } from '../work/confirm.js';
import { linesOf } from '../work/ids.js';
import { withLeftFiles, withLeftOptions, type LeftOptions } from '../work/left-files.js';
import { runBulk, type BulkRunOptions } from '../work/run-bulk.js';

type Options = ServiceOptions & ConfirmOptions & BulkRunOptions & LeftOptions;

/** `bulk`: operations from a file, one JSON object per line. */
export function addBulkCommand(program: Command): void {
  const command = program
    .command('bulk')
    .argument(
      '<file>',
      'one operation per line, as JSON: {"action":"disconnect","clientid":"a"}; - for standard input',
    )
    .summary('carry out operations from a file, however many');
  withLeftOptions(withServiceOptions(command))
    .option('-y, --yes', 'do not ask, although it concerns more than one client')
    .option('-n, --dry-run', 'only read the file, and say what is in it')
    .option('--per-second <number>', 'how many a second at most', positiveNumber)
    .option('--reason <text>', 'why, for the audit trail')
    .action((file: string, options: Options) =>
      runOnService(options, { acts: true }, async (session) => {
        const target = await session.target();
        const isOverProject = target.brokerId === undefined;
        const run = (operations: AsyncIterable<Operation>, count?: number): Promise<ExitCode> =>
          withLeftFiles(options, (leftovers) =>
            runBulk(session, target, operations, count, options, leftovers),
          );
        if (file === '-') {
          if (options.dryRun !== true && options.yes !== true)
            throw new UsageError(
              'the operations come from standard input, so nobody can be asked: --yes does them',
            );
          if (options.dryRun !== true) return run(readOperations(process.stdin, isOverProject));
        } else if (!(await isFile(file))) throw new UsageError(`${file} is no file`);
        const open = (): NodeJS.ReadableStream => (file === '-' ? process.stdin : createReadStream(file));
        const { count, ids } = await look(readOperations(open(), isOverProject));
        if (options.dryRun === true) {
          session.terminal.say(`${count} operations, all of them well formed`);
          return EXIT.allDone;
        }
        if (!(await confirm(session, options, 'Carry out', count, ids))) return EXIT.someFailed;
        return run(readOperations(open(), isOverProject), count);
      }),
    );
}

/** A pipe is none: it is read twice. */
async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

/** The number of operations, and the first ids. */
async function look(
  operations: AsyncIterable<Operation>,
): Promise<{ count: number; ids: readonly string[] }> {
  const ids: string[] = [];
  let count = 0;
  for await (const { clientid } of operations) {
    count += 1;
    if (ids.length < 10 && !ids.includes(clientid)) ids.push(clientid);
  }
  return { count, ids };
}

const ACTIONS: readonly unknown[] = ['disconnect', 'subscribe', 'unsubscribe'];

/**
 * Reads operations. Over a project, those that name no broker mean wherever the client is.
 *
 * @throws {UsageError} with its number, for a line that is none
 */
async function* readOperations(
  input: NodeJS.ReadableStream,
  isOverProject: boolean,
): AsyncGenerator<Operation, void> {
  let number = 0;
  for await (const line of linesOf(input)) {
    number += 1;
    if (line.trim() === '') continue;
    const value = parse(line);
    if (typeof value !== 'object' || value === null || !('action' in value) || !('clientid' in value))
      throw new UsageError(`line ${number} is no operation: {"action":"disconnect","clientid":"a"}`);
    if (!ACTIONS.includes(value.action) || typeof value.clientid !== 'string')
      throw new UsageError(
        `line ${number}: the action is disconnect, subscribe or unsubscribe, the clientid a text`,
      );
    yield { ...(isOverProject && { broker: '*' }), ...value } as Operation;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
