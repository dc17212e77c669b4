import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { Injectable, StreamableFile } from '@nestjs/common';
import { AuditTrail } from '../../audit/audit-trail.js';
import { BrokerGateway } from '../../broker-gateway/broker-gateway.js';
import { requestAborted } from '../../broker-gateway/gateway-error.js';
import { NDJSON } from '../../http/body/ndjson.js';
import { streamedAnswer } from '../../http/body/streamed-answer.js';
import { Drain } from '../../http/drain.js';
import { ItemLimiter } from '../../rate-limit/item-limiter.js';
import type { NewCall } from '../idempotency/idempotency.js';
import type { BulkCall } from './bulk-call.js';
import { MAX_LISTED, type CommonOptions } from './bulk-envelope.js';
import type { BulkItem, Summary } from './bulk-item.js';
import { BulkMetrics } from './bulk-metrics.js';
import { BulkRun, type ResultSink } from './bulk-run.js';
import { ItemQuota } from './item-quota.js';
import { Pacer } from './pacer.js';
import { ResultList, ResultStream } from './result-sinks.js';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Items that may wait for a broker: of a call on it alone, and of one over several, which one of them must not hold up. */
const MAX_WAITING = 100;
const MAX_WAITING_OF_MANY = 10_000;

/** What one call carries out. */
export interface Work {
  readonly options: CommonOptions;
  readonly items: AsyncIterable<readonly BulkItem[]>;
  /** Undefined when nobody knows beforehand. */
  readonly itemCount: number | undefined;
}

/** The answer under an `Idempotency-Key`. */
interface Kept {
  readonly keyed: NewCall;
  readonly list: ResultList;
}

/** A call that is being carried out. */
interface Execution {
  readonly summary: Summary;
  /** Resolves when its last item has ended and that is written down; rejects with what the caller has to know. */
  readonly ended: Promise<void>;
  /** Nobody takes the results any more: what was not sent is never sent. */
  abandon(): void;
}

/**
 * Carries out calls, and makes their answers.
 *
 * Guarantees: a call that was begun comes to its end, audit record and `Idempotency-Key` included, whether or not its answer
 * is read, or ever begins to be sent.
 */
@Injectable()
export class BulkExecutor {
  readonly #gateway: BrokerGateway;
  readonly #audit: AuditTrail;
  readonly #limiter: ItemLimiter;
  readonly #metrics: BulkMetrics;
  readonly #drain: Drain;

  constructor(
    gateway: BrokerGateway,
    audit: AuditTrail,
    limiter: ItemLimiter,
    metrics: BulkMetrics,
    drain: Drain,
  ) {
    this.#gateway = gateway;
    this.#audit = audit;
    this.#limiter = limiter;
    this.#metrics = metrics;
    this.#drain = drain;
  }

  /**
   * Begins with a call. A short one is answered when all of its items have ended, others while they do.
   *
   * @throws {AppError} `INTERNAL_ERROR` when the audit trail is required and was lost on the way of a short one; a longer
   *   answer is then cut off before its summary
   */
  async carryOut(call: BulkCall, work: Work, keyed: NewCall | undefined): Promise<StreamableFile> {
    const isShort = work.itemCount !== undefined && work.itemCount <= MAX_LISTED;
    const list = new ResultList();
    const kept = keyed && { keyed, list };
    if (isShort && !call.wantsLines) {
      const { summary, ended } = this.#begin(call, work, list, kept);
      await ended;
      const chunks = Readable.from(await list.answer(summary), { objectMode: false });
      return new StreamableFile(chunks, { type: JSON_TYPE });
    }
    const stream = call.wantsLines ? new ResultStream('', '\n') : new ResultStream(',', '');
    const execution = this.#begin(call, work, kept === undefined ? stream : both(stream, list), kept);
    const answer = streamedAnswer(piecesOf(stream, execution, call.wantsLines));
    // Read to its end, or not at all: a stream that is destroyed before its first piece asks for none.
    answer.once('close', () => execution.abandon());
    return new StreamableFile(answer, { type: call.wantsLines ? NDJSON : JSON_TYPE });
  }

  #begin(
    call: BulkCall,
    { options: { perSecond }, items }: Work,
    sink: ResultSink,
    kept: Kept | undefined,
  ): Execution {
    const { request, caller } = call;
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const { socket } = request.raw;
    const { signal: drained } = this.#drain;
    const abandon = (): void => {
      stop.abort(requestAborted());
      sink.end();
    };
    const onDrain = (): void => stop.abort(drained.reason);
    socket.once('close', abandon);
    drained.addEventListener('abort', onDrain, { once: true });
    // Either may have come while the call was read.
    if (socket.destroyed) abandon();
    else if (drained.aborted) onDrain();
    // Before the answer begins, which is else taken for the end of the call.
    const audit = this.#audit.openCall(request.record);
    this.#metrics.begin();
    const run = new BulkRun({
      gateway: this.#gateway,
      audit,
      metrics: this.#metrics,
      sink,
      quota: new ItemQuota(this.#limiter, caller),
      pacer: perSecond === undefined ? undefined : new Pacer(perSecond, stop.signal),
      requestId: request.id,
      // Over one broker, nobody else waits for what it is slow with.
      maxWaiting: call.brokerId === undefined ? MAX_WAITING_OF_MANY : MAX_WAITING,
      signal: stop.signal,
    });
    const { summary } = run;
    const carryOut = async (): Promise<void> => {
      let failure: Error | undefined;
      try {
        await run.run(items);
      } finally {
        sink.end();
        socket.off('close', abandon);
        drained.removeEventListener('abort', onDrain);
        this.#metrics.end();
        failure = await audit.end({ ...summary.toJSON() });
        if (kept !== undefined) await keep(kept, summary);
      }
      if (failure !== undefined) throw failure;
    };
    const ended = carryOut();
    // Whoever makes the answer hears of it, if there is one.
    ended.catch(() => undefined);
    return { summary, ended, abandon };
  }
}

/** The answer of a call that is sent while it is carried out. */
async function* piecesOf(
  stream: ResultStream,
  { summary, ended }: Execution,
  isLines: boolean,
): AsyncGenerator<string | Buffer, void> {
  if (!isLines) yield '{"items":[';
  for (let text = await stream.next(); text !== undefined; text = await stream.next()) yield text;
  // Without a summary, the caller knows that something is missing.
  await ended;
  const text = JSON.stringify(summary);
  yield isLines ? `{"summary":${text}}\n` : `],"summary":${text}}`;
}

async function keep({ keyed, list }: Kept, summary: Summary): Promise<void> {
  await keyed.finish(Buffer.concat(await list.answer(summary)).toString());
}

function both(first: ResultSink, second: ResultSink): ResultSink {
  return {
    add: (item, ending) => {
      second.add(item, ending);
      return first.add(item, ending);
    },
    room: () => first.room(),
    end: () => first.end(),
  };
}
