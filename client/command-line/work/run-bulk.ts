import { createWriteStream, openSync, rmSync, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import {
  CutOffError,
  isApiError,
  UnexpectedAnswerError,
  type BulkCall,
  type ItemOutcome,
  type Operation,
  type Target,
  type Work,
} from '../../src/index.js';
import { EXIT, UsageError, type ExitCode } from '../exit-code.js';
import type { Session } from '../service/session.js';
import { ITEM_COLUMNS } from './item-columns.js';
import { Progress } from './progress.js';

/** How operations on many clients are carried out. */
export interface BulkRunOptions {
  readonly perSecond?: number;
  readonly reason?: string;
  /** Where the operations go that were not sent, or whose outcome nobody knows, as lines. */
  readonly left?: string;
}

/** Rows of operations that were done which people want to see; of more, only what was not done is shown. */
const FEW = 20;
/** How long an input that stays open is waited for after a stop. */
const PATIENCE_MS = 500;

/**
 * Carries out operations, writes how each ended, and says at the end how many ended how. Ctrl-C stops it: then it says what
 * was not sent.
 *
 * @param total how many there are, if that is known
 */
export async function runBulk(
  session: Session,
  target: Target,
  work: Work,
  total: number | undefined,
  { perSecond, reason, left }: BulkRunOptions,
  onItem: (item: ItemOutcome) => void = () => undefined,
): Promise<ExitCode> {
  const { terminal, interruption } = session;
  const leftFile = left === undefined ? undefined : openLeft(left);
  const call = session.client.bulk(target, work, {
    ...(perSecond !== undefined && { perSecond }),
    ...(reason !== undefined && { reason }),
    signal: interruption.hard,
  });
  const stop = (): void => {
    progress.clear();
    if (!terminal.gone.aborted) terminal.say('stopping; press Ctrl-C again not to wait for what was sent');
    call.stop();
  };
  const progress = new Progress(terminal, total);
  const records = session.records(ITEM_COLUMNS);
  const isShown = ({ outcome }: ItemOutcome): boolean =>
    session.format !== 'table' || outcome !== 'done' || (total !== undefined && total <= FEW);
  interruption.gentle.addEventListener('abort', stop, { once: true });
  if (interruption.gentle.aborted) call.stop();
  let failure: unknown;
  try {
    for await (const item of call) {
      onItem(item);
      if (isShown(item)) {
        progress.clear();
        await records.add(item);
      }
      progress.update(call.summary.total);
    }
  } catch (error) {
    // Refused as a whole: nothing was done, and there is nothing to sum up.
    const isNothing =
      call.summary.total === 0 && (call.open.length === 0 || error instanceof UnexpectedAnswerError);
    if (isApiError(error) || isNothing) {
      if (left !== undefined) rmSync(left);
      throw error;
    }
    failure = error;
  } finally {
    interruption.gentle.removeEventListener('abort', stop);
    progress.clear();
  }
  await records.end();
  const code = await sumUp(session, call, { total, failure, left, leftFile });
  if (left !== undefined && leftFile?.bytesWritten === 0) rmSync(left);
  return code;
}

async function sumUp(
  { terminal, interruption }: Session,
  call: BulkCall,
  {
    total,
    failure,
    left,
    leftFile,
  }: {
    readonly total: number | undefined;
    readonly failure: unknown;
    readonly left: string | undefined;
    readonly leftFile: WriteStream | undefined;
  },
): Promise<ExitCode> {
  const { done, failed, notSent, unknown, total: ended } = call.summary;
  const isStopped = interruption.gentle.aborted;
  const open = call.open.length;
  const words = [`${done} done`, `${failed} failed`, `${notSent} not sent`, `${unknown} unknown`];
  terminal.say(words.filter((word) => !word.startsWith('0 ') || word.endsWith('done')).join(', '));
  if (failure !== undefined && !isStopped)
    terminal.say(failure instanceof CutOffError ? 'the answer was cut off' : messageOf(failure));
  let never = 0;
  if (isStopped || failure !== undefined || left !== undefined) {
    never = await writeLeft(call, leftFile);
    if (isStopped || failure !== undefined) {
      // Of a selection the service holds the list.
      const untold = total === undefined ? 0 : total - ended - open - never;
      if (never > 0)
        terminal.say(`${never} were not sent and never will be${left === undefined ? '' : `: see ${left}`}`);
      if (open > 0) terminal.say(`${open} were sent, and their outcome is not known`);
      if (untold > 0) terminal.say(`of ${untold} nothing was told: what was not sent never will be`);
      if (open + untold > 0)
        for (const id of call.requestIds) terminal.say(`see: client-control audit --request-id ${id}`);
      if (untold > 0) return EXIT.outcomeUnknown;
    }
  }
  if (unknown + open > 0) return EXIT.outcomeUnknown;
  return failed + notSent + never > 0 || failure !== undefined ? EXIT.someFailed : EXIT.allDone;
}

/** A new file: what is left may not take the place of something, least of all of what it is left of. */
function openLeft(path: string): WriteStream {
  try {
    return createWriteStream(path, { fd: openSync(path, 'wx', 0o600) });
  } catch (error) {
    throw new UsageError(`--left cannot be written: ${messageOf(error)}`);
  }
}

/** Writes the operations that are left, and counts those that were never sent. */
async function writeLeft(call: BulkCall, file: WriteStream | undefined): Promise<number> {
  let count = 0;
  const write = async (operation: Operation): Promise<void> => {
    if (file?.write(`${JSON.stringify(operation)}\n`) === false) await once(file, 'drain');
  };
  for (const operation of call.open) await write(operation);
  const rest = call.rest()[Symbol.asyncIterator]();
  for (let next = await soon(rest); next?.done === false; next = await soon(rest)) {
    count += 1;
    await write(next.value);
  }
  if (file !== undefined) {
    file.end();
    await once(file, 'finish');
  }
  return count;
}

/** The next one, unless the input that it would come from stays open and says nothing. */
async function soon<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T> | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  const next = iterator.next();
  next.catch(() => undefined);
  return Promise.race([next, patience]).finally(() => clearTimeout(timer));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
