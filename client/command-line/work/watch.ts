import { Option, type Command } from 'commander';
import { positiveNumber } from '../parse-number.js';
import type { Session } from '../service/session.js';

/** Whether to look again and again. */
export interface WatchOptions {
  /** Every so many seconds. */
  readonly watch?: number | true;
}

const DEFAULT_S = 2;

/** Gives a command that shows something `--watch`. */
export function withWatch(command: Command): Command {
  return command.addOption(
    new Option('-w, --watch [seconds]', `show it again every ${DEFAULT_S} seconds, or so many`).argParser(
      positiveNumber,
    ),
  );
}

/** Shows something once, or, with `--watch`, again and again until Ctrl-C. */
export async function watch<T>(
  session: Session,
  { watch: seconds }: WatchOptions,
  show: () => Promise<T>,
): Promise<T> {
  let result = await show();
  if (seconds === undefined) return result;
  for (;;) {
    await pause((seconds === true ? DEFAULT_S : seconds) * 1000, session.signal);
    if (session.signal.aborted) return result;
    // From the top, where somebody looks; else below.
    if (process.stdout.isTTY) await session.terminal.write('\u001b[H\u001b[2J');
    result = await show();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
