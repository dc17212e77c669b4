import { CutOffError, UnexpectedAnswerError } from '../errors/api-error.js';
import { pause } from '../http/pause.js';
import { NDJSON, readLines } from '../http/read-lines.js';
import {
  queryString,
  targetPath,
  type RequestOptions,
  type Target,
  type Transport,
} from '../http/transport.js';
import { OperationFeed, toLines } from './operation-feed.js';
import type { ItemOutcome, Operation, SelectionWork, Summary } from './operation.js';

/** How a call for many is made. */
export interface BulkOptions {
  /** Operations a second, 1 to 100,000. Default: as fast as the broker answers. */
  readonly perSecond?: number;
  /** Why, for the audit trail. */
  readonly reason?: string;
  /** Ends the call at once; see {@link BulkCall.stop} for the gentle way. */
  readonly signal?: AbortSignal;
  /** Default: whether request bodies can be streamed here, which browsers cannot. */
  readonly streamed?: boolean;
}

/** What to do: operations, however many, or a selection. */
export type Work = Iterable<Operation> | AsyncIterable<Operation> | SelectionWork;

/** Where an outcome is counted. */
const COUNTER = { done: 'done', failed: 'failed', 'not-sent': 'notSent', unknown: 'unknown' } as const;
/** Operations of one request where bodies cannot be streamed. */
const PART = 500;

/**
 * Operations on many clients: iterating over it carries them out, and gives how each ended, as it ends. To be iterated over
 * once.
 *
 * Guarantees: no operation is sent twice. Operations on one client are done in their order. Only a bounded number of them is
 * held in memory, and read ahead. After a {@link stop}, and after the end, what was not handed over never will be.
 *
 * @example for await (const item of client.bulk(target, operations)) console.log(item.clientid, item.outcome);
 */
export class BulkCall implements AsyncIterable<ItemOutcome> {
  readonly #transport: Transport;
  readonly #target: Target;
  readonly #work: Work;
  readonly #options: BulkOptions;
  readonly #abort = new AbortController();
  readonly #counts = { total: 0, done: 0, failed: 0, notSent: 0, unknown: 0 };
  readonly #requestIds: string[] = [];
  readonly #operations = new WeakMap<ItemOutcome, Operation>();
  #feed: OperationFeed | undefined;
  readonly #stopped = new AbortController();

  constructor(transport: Transport, target: Target, work: Work, options: BulkOptions) {
    this.#transport = transport;
    this.#target = target;
    this.#work = work;
    this.#options = options;
  }

  /** What is known by now: `total` counts the operations that ended. */
  get summary(): Summary {
    return { ...this.#counts };
  }

  /** Operations that were handed over and whose end is not known: they may have been done. Empty after an orderly end. */
  get open(): readonly Operation[] {
    return this.#feed?.open ?? [];
  }

  /** The operations that were never handed over. After a {@link stop} or a failure: what is left of the work. */
  rest(): AsyncIterable<Operation> {
    return this.#feed?.rest() ?? nothing();
  }

  /** The operation whose end this item of the iteration tells, to do it again, for example; undefined of a selection. */
  operationOf(item: ItemOutcome): Operation | undefined {
    return this.#operations.get(item);
  }

  /** The ids of its requests, by which the audit trail finds it (`requestId`); more than one where bodies cannot be streamed. */
  get requestIds(): readonly string[] {
    return this.#requestIds;
  }

  /**
   * Hands nothing more over. The iteration goes on until what was handed over has ended: within a second or so. Of a
   * selection, which is handed over at once, the connection is closed: what was not sent never will be, but how what was
   * just under way ends is not told.
   */
  stop(): void {
    this.#stopped.abort();
    if (this.#feed === undefined) this.#abort.abort();
    else this.#feed.stop();
  }

  /**
   * @throws {ApiError} when the call is refused as a whole: then nothing was done
   * @throws {CutOffError} when the connection broke: see {@link open} and {@link rest}
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ItemOutcome, void> {
    const isStopped = this.#stopped.signal.aborted;
    if (isSelection(this.#work)) return isStopped ? undefined : yield* this.#runSelection(this.#work);
    const { perSecond, streamed = canStream() } = this.#options;
    const feed = new OperationFeed(this.#work, perSecond);
    this.#feed = feed;
    // Then all of it is the rest.
    if (isStopped) {
      feed.stop();
      return;
    }
    try {
      if (streamed) yield* this.#send(feed.toStream());
      else yield* this.#sendInParts(feed);
    } catch (error) {
      // That the request broke off is but the consequence.
      throw feed.failure ?? error;
    } finally {
      feed.stop();
      this.#abort.abort();
    }
  }

  /** One request after the other. The service keeps the pace within each; so that it is kept over all, each takes its time. */
  async *#sendInParts(feed: OperationFeed): AsyncGenerator<ItemOutcome, void> {
    const { perSecond = Infinity, signal } = this.#options;
    const ending = AbortSignal.any([this.#stopped.signal, ...(signal === undefined ? [] : [signal])]);
    for (let dueAt = 0; ;) {
      const ms = dueAt - performance.now();
      if (ms > 0) await pause(ms, ending);
      signal?.throwIfAborted();
      const part = await feed.take(PART);
      if (part.length === 0) return;
      dueAt = performance.now() + (part.length * 1000) / perSecond;
      yield* this.#send(toLines(part));
    }
  }

  /** One request with a body of lines. */
  async *#send(body: string | ReadableStream<Uint8Array>): AsyncGenerator<ItemOutcome, void> {
    const { perSecond, reason } = this.#options;
    const first = this.#feed?.beginRequest() ?? 0;
    const lines = this.#request(queryString({ perSecond, reason }), {
      body,
      headers: { Accept: NDJSON, 'Content-Type': NDJSON },
      ...(typeof body !== 'string' && { duplex: 'half' }),
    });
    for await (const item of lines) {
      const ended = { ...item, index: first + item.index };
      const operation = this.#feed?.settle(ended.index);
      if (operation !== undefined) this.#operations.set(ended, operation);
      yield ended;
    }
  }

  async *#runSelection(work: SelectionWork): AsyncGenerator<ItemOutcome, void> {
    const { perSecond, reason } = this.#options;
    try {
      yield* this.#request('', {
        body: JSON.stringify({ ...work, perSecond, reason }),
        headers: { Accept: NDJSON, 'Content-Type': 'application/json' },
      });
    } catch (error) {
      if (!this.#stopped.signal.aborted) throw error;
    } finally {
      this.#abort.abort();
    }
  }

  async *#request(query: string, init: RequestOptions): AsyncGenerator<ItemOutcome, void> {
    const { signal: given } = this.#options;
    const signal = given === undefined ? this.#abort.signal : AbortSignal.any([given, this.#abort.signal]);
    const path = `${targetPath(this.#target)}/client-control/bulk${query}`;
    const response = await this.#transport.open(path, { method: 'POST', signal, ...init });
    const requestId = response.headers.get('X-Request-Id');
    if (requestId !== null) this.#requestIds.push(requestId);
    let isComplete = false;
    for await (const lines of readLines(response, signal)) {
      for (const line of lines) {
        if ('summary' in line) isComplete = true;
        else {
          if (!isItem(line)) throw new UnexpectedAnswerError('The answer has a line that is no outcome', 200);
          this.#count(line);
          yield line;
        }
      }
    }
    if (!isComplete) throw new CutOffError();
  }

  #count({ outcome }: ItemOutcome): void {
    this.#counts.total += 1;
    this.#counts[COUNTER[outcome]] += 1;
  }
}

/** Browsers send a body only when it is complete. */
function canStream(): boolean {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } };
  return process?.versions?.node !== undefined;
}

function isSelection(work: Work): work is SelectionWork {
  return 'select' in work;
}

function isItem(
  line: Readonly<Record<string, unknown>>,
): line is Readonly<Record<string, unknown>> & ItemOutcome {
  const { outcome, index } = line;
  return typeof outcome === 'string' && Object.hasOwn(COUNTER, outcome) && Number.isSafeInteger(index);
}

async function* nothing(): AsyncGenerator<Operation, void> {
  // Of a selection nobody here knows what is left.
}
