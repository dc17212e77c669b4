import { EXIT, UsageError } from '../exit-code.js';
import { Terminal } from '../output/terminal.js';

/**
 * Runs a command that does not call the service, and sets what the process ends with.
 *
 * @param work resolves with the exit code; anything else stands for all well
 */
export async function runLocally(work: (terminal: Terminal) => Promise<unknown>): Promise<void> {
  const terminal = new Terminal();
  try {
    const code = await work(terminal);
    process.exitCode = typeof code === 'number' ? code : EXIT.allDone;
  } catch (error) {
    terminal.say(`client-control: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.someFailed;
  }
}
