import {
  ConnectionError,
  CutOffError,
  isApiError,
  isOutcomeUnknown,
  UnexpectedAnswerError,
  type BulkCall,
  type ItemOutcome,
  type Target,
  type Work,
} from '../../src/index.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../service/session.js';
import { ITEM_COLUMNS } from './item-columns.js';
import type { Leftovers, LeftOptions } from './left-files.js';
import { Progress } from './progress.js';

/** How operations on many clients are carried out. */
export interface BulkRunOptions {
  readonly perSecond?: number;
  readonly reason?: string;
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
 * @param leftovers takes those of them that were not sent, or whose outcome nobody knows; none of a selection
 * @throws what the call was refused with as a whole, or that a selection was stopped before it was sent: nothing was done
 */
export async function runBulk(
  session: Session,
  target: Target,
  work: Work,
  total: number | undefined,
  options: BulkRunOptions & LeftOptions,
  leftovers: Leftovers,
  onDone: (clientid: string) => void = () => undefined,
): Promise<ExitCode> {
  const { terminal, interruption } = session;
  const { perSecond, reason } = options;
  // Of operations, all are left then.
  if ('select' in work) interruption.gentle.throwIfAborted();
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
      if (item.outcome === 'done' && item.clientid !== undefined) onDone(item.clientid);
      const operation = call.operationOf(item);
      if (item.outcome === 'not-sent' && operation !== undefined) leftovers.notSent(operation);
      if (item.outcome === 'unknown' && operation !== undefined) leftovers.unknown(operation);
      if (isShown(item)) {
        progress.clear();
        await records.add(item);
      }
      progress.update(call.summary.total);
    }
  } catch (error) {
    // Refused as a whole: nothing was done, and there is nothing to sum up.
    if (isApiError(error) || (call.summary.total === 0 && (call.open.length === 0 || isRefusal(error))))
      throw error;
    failure = error;
  } finally {
    interruption.gentle.removeEventListener('abort', stop);
    progress.clear();
  }
  await records.end();
  return sumUp(session, call, { total, failure, options, leftovers });
}

/** Something that is not the service answered, or nobody: what was handed over did not reach it. */
function isRefusal(error: unknown): boolean {
  return (
    (error instanceof UnexpectedAnswerError || error instanceof ConnectionError) && !isOutcomeUnknown(error)
  );
}

async function sumUp(
  session: Session,
  call: BulkCall,
  {
    total,
    failure,
    options,
    leftovers,
  }: {
    readonly total: number | undefined;
    readonly failure: unknown;
    readonly options: LeftOptions;
    readonly leftovers: Leftovers;
  },
): Promise<ExitCode> {
  const { terminal, interruption } = session;
  const { done, failed, notSent, unknown, total: ended } = call.summary;
  const isStopped = interruption.gentle.aborted;
  const open = call.open.length;
  const words = [`${done} done`, `${failed} failed`, `${notSent} not sent`, `${unknown} unknown`];
  terminal.say(words.filter((word) => !word.startsWith('0 ') || word.endsWith('done')).join(', '));
  if (failure !== undefined && !isStopped)
    terminal.say(failure instanceof CutOffError ? 'the answer was cut off' : messageOf(failure));
  const isBroken = isStopped || failure !== undefined || open > 0;
  const { never, isWhole } = isBroken ? await leave(session, call, leftovers) : { never: 0, isWhole: true };
  if (isBroken || options.left !== undefined) sayNotSent(session, notSent + never, options);
  if (open > 0 || (unknown > 0 && options.leftUnknown !== undefined))
    terminal.say(`${unknown + open} were sent, and their outcome is not known${seeIn(options.leftUnknown)}`);
  // Of a selection the service holds the list.
  const untold = total === undefined || !isBroken || !isWhole ? 0 : total - ended - open - never;
  if (untold > 0) terminal.say(`of ${untold} nothing was told: what was not sent never will be`);
  if (open + untold > 0)
    for (const id of call.requestIds) terminal.say(`see: client-control audit --request-id ${id}`);
  if (untold > 0) return EXIT.outcomeUnknown;
  if (unknown + open > 0) return EXIT.outcomeUnknown;
  return failed + notSent + never > 0 || !isWhole || failure !== undefined ? EXIT.someFailed : EXIT.allDone;
}

/**
 * Leaves the operations that were handed over and have not ended, and those that never were, and counts the latter: as many
 * as there are up to where the input cannot be read on.
 */
async function leave(
  { terminal }: Session,
  call: BulkCall,
  { notSent, unknown }: Leftovers,
): Promise<{ readonly never: number; readonly isWhole: boolean }> {
  let never = 0;
  try {
    call.open.forEach(unknown);
    const rest = call.rest()[Symbol.asyncIterator]();
    for (let next = await soon(rest); next?.done === false; next = await soon(rest)) {
      never += 1;
      notSent(next.value);
    }
    return { never, isWhole: true };
  } catch (error) {
    // Others were done before: this is no longer about what was typed.
    terminal.say(`what was not sent is not told to its end: ${messageOf(error)}`);
    return { never, isWhole: false };
  }
}

/** Says how many were not sent, and where they are. */
export function sayNotSent({ terminal }: Session, count: number, { left }: LeftOptions): void {
  if (count > 0) terminal.say(`${count} were not sent and never will be${seeIn(left)}`);
}

function seeIn(file: string | undefined): string {
  return file === undefined ? '' : `: see ${file}`;
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
