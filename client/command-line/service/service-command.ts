import { Option, type Command } from 'commander';
import { isApiError, isOutcomeUnknown } from '../../src/index.js';
import { EXIT, NotAwaitedError, UsageError, type ExitCode } from '../exit-code.js';
import { FORMATS } from '../output/output.js';
import { Terminal } from '../output/terminal.js';
import { hintFor, Session, type ServiceOptions } from './session.js';

/** Gives a command the options that say where the service is, and how answers are written. */
export function withServiceOptions(command: Command): Command {
  return command
    .option('--project <id>', 'the project; not needed where there is only one')
    .option('-b, --broker <id>', 'the broker; without it, wherever in the project the client is')
    .addOption(
      new Option('-o, --output <format>', 'how to write the answer').choices(FORMATS).default('table'),
    )
    .option('--profile <name>', 'the profile to use')
    .option('--url <url>', "the service's address")
    .option('--token-file <path>', 'a file that holds the token; - for standard input');
}

/**
 * Runs a command on the service, and sets what the process ends with.
 *
 * @param acts whether it does something to clients: then nobody may know whether it was done
 * @param work resolves with the exit code; nothing stands for all well
 */
export async function runOnService(
  options: ServiceOptions,
  { acts }: { readonly acts: boolean },
  work: (session: Session) => Promise<ExitCode | undefined>,
): Promise<void> {
  const terminal = new Terminal();
  let session: Session | undefined;
  try {
    session = new Session(options, terminal);
    const code = (await work(session)) ?? EXIT.allDone;
    process.exitCode = terminal.hasLost ? Math.max(code, EXIT.someFailed) : code;
  } catch (error) {
    process.exitCode = fail(error, terminal, session, acts);
  }
  // A connection that is kept alive, or a line that is not read, holds nobody up.
  process.stdin.destroy();
}

function fail(error: unknown, terminal: Terminal, session: Session | undefined, acts: boolean): ExitCode {
  if (error instanceof UsageError) {
    terminal.say(`client-control: ${error.message}`);
    return EXIT.usage;
  }
  const isStopped = session?.interruption.gentle.aborted === true;
  if (isStopped && error instanceof Error && error.name === 'AbortError') {
    // Whoever looked has seen enough; whoever acted has not reached anything yet, or was told so.
    return terminal.hasLost || (acts && !terminal.gone.aborted) ? EXIT.someFailed : EXIT.allDone;
  }
  if (error instanceof NotAwaitedError) return sayUnknown(terminal);
  const message = error instanceof Error ? error.message : String(error);
  const code = isApiError(error)
    ? ` (${error.code}${error.requestId === undefined ? '' : `, request ${error.requestId}`})`
    : '';
  terminal.say(`client-control: ${message}${code}`);
  const hint = session && hintFor(error, session.connection);
  if (hint !== undefined) terminal.say(`client-control: ${hint}`);
  return acts && isOutcomeUnknown(error) ? sayUnknown(terminal) : EXIT.someFailed;
}

function sayUnknown(terminal: Terminal): ExitCode {
  terminal.say('client-control: nobody knows whether it was done');
  return EXIT.outcomeUnknown;
}
