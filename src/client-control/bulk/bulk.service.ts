import { Injectable, StreamableFile } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { isAllowed } from '../../access/caller.js';
import type { AuditCall } from '../../audit/audit-call.js';
import { AuditTrail } from '../../audit/audit-trail.js';
import { BrokerClients } from '../../broker-clients/broker-clients.js';
import { BrokerGateway } from '../../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { requestAborted, shuttingDown } from '../../broker-gateway/gateway-error.js';
import { ConfigStore } from '../../config/config-store.js';
import { AppError } from '../../errors/app-error.js';
import { invalid } from '../../errors/issue.js';
import { readJsonBody } from '../../http/body/json-body.js';
import { parseJsonInTurns } from '../../http/body/json-in-turns.js';
import { isNdjson, NDJSON } from '../../http/body/ndjson.js';
import { streamedAnswer } from '../../http/body/streamed-answer.js';
import { Drain } from '../../http/drain.js';
import { toAppError } from '../../http/to-app-error.js';
import { isJsonObject } from '../../json/json.js';
import { ItemLimiter } from '../../rate-limit/item-limiter.js';
import { ProjectRegistry } from '../../registry/project-registry.js';
import { Idempotency, type KeyedCall } from '../idempotency/idempotency.js';
import type { BulkCall } from './bulk-call.js';
import {
  MAX_LISTED,
  readEnvelope,
  readOptions,
  type CommonOptions,
  type OperationList,
  type SelectionCall,
} from './bulk-envelope.js';
import type { BulkItem } from './bulk-item.js';
import { BulkMetrics } from './bulk-metrics.js';
import { BulkRun, type ResultSink } from './bulk-run.js';
import { ItemPreparation, type CallScope } from './item-preparation.js';
import { inPieces, readLines } from './item-reader.js';
import { ItemQuota } from './item-quota.js';
import { Pacer } from './pacer.js';
import { ResultList, ResultStream } from './result-sinks.js';
import { checkSelection, checkWidth, select, toDryRun, type Selection } from './selection.js';
import { selectedItems, trialItems } from './selected-items.js';

/** Longest JSON body of a call for many, bytes: what is parsed in some 10 ms. Longer lists are streamed. */
const BULK_BODY_LIMIT_BYTES = 2_097_152;
/** Properties and items in it: a dozen for each of 10,000 operations. */
const BULK_MAX_VALUES = 120_000;

/** Items that may wait for a broker: of a call on it alone, and of one over several, which one of them must not hold up. */
const MAX_WAITING = 100;
const MAX_WAITING_OF_MANY = 10_000;

/** What one call carries out. */
interface Work {
  readonly options: CommonOptions;
  readonly items: AsyncIterable<readonly BulkItem[]>;
  /** Undefined when nobody knows beforehand. */
  readonly itemCount: number | undefined;
}

/** Carries out operations on many clients with one call. */
@Injectable()
export class BulkService {
  readonly #gateway: BrokerGateway;
  readonly #clients: BrokerClients;
  readonly #registry: ProjectRegistry;
  readonly #audit: AuditTrail;
  readonly #limiter: ItemLimiter;
  readonly #idempotency: Idempotency;
  readonly #metrics: BulkMetrics;
  readonly #drain: Drain;
  readonly #config: ConfigStore;

  constructor(
    gateway: BrokerGateway,
    clients: BrokerClients,
    registry: ProjectRegistry,
    audit: AuditTrail,
    limiter: ItemLimiter,
    idempotency: Idempotency,
    metrics: BulkMetrics,
    drain: Drain,
    config: ConfigStore,
  ) {
    this.#gateway = gateway;
    this.#clients = clients;
    this.#registry = registry;
    this.#audit = audit;
    this.#limiter = limiter;
    this.#idempotency = idempotency;
    this.#metrics = metrics;
    this.#drain = drain;
    this.#config = config;
  }

  /**
   * Carries out a call, and answers when all of its items have ended, or, as lines, while they do.
   *
   * @throws {AppError} for what is wrong with the call as a whole; then nothing was done
   */
  async run(call: BulkCall): Promise<object> {
    const key = call.request.headers['idempotency-key'];
    if (isNdjson(call.request.raw)) {
      if (key !== undefined) {
        throw invalid([{ path: 'Idempotency-Key', message: 'cannot be combined with a body of lines' }]);
      }
      return this.#carryOut(call, this.#linesOf(call));
    }
    if (Object.keys(call.query).length > 0) {
      throw invalid([
        { path: '', message: 'query parameters are for bodies of lines: put them into the body' },
      ]);
    }
    const body = await readJsonBody(
      call.request.raw,
      BULK_BODY_LIMIT_BYTES,
      BULK_MAX_VALUES,
      parseJsonInTurns,
    );
    if (key === undefined) return this.#runBody(call, body);
    const path = call.request.url.split('?', 1)[0] ?? '';
    const keyed = await this.#idempotency.begin(key, call.caller, path, body);
    if (keyed.kind === 'replay') return this.#replay(call, keyed.result);
    return this.#runBody(call, body, keyed);
  }

  async #runBody(
    call: BulkCall,
    body: unknown,
    keyed?: Extract<KeyedCall, { kind: 'new' }>,
  ): Promise<object> {
    try {
      const envelope = readEnvelope(body);
      call.request.record.reason = envelope.reason;
      if (envelope.kind === 'list') {
        const work = this.#listOf(call, envelope);
        return await this.#carryOut(call, work, keyed);
      }
      const { selection, work } = await this.#selectionOf(call, envelope);
      if (work === undefined) {
        call.request.record.details = { dryRun: true, count: selection.count };
        const answer = toDryRun(selection);
        await keyed?.finish(JSON.stringify(answer));
        return answer;
      }
      if (keyed !== undefined && (work.itemCount ?? 0) > MAX_LISTED) {
        throw invalid([
          {
            path: 'Idempotency-Key',
            message: `is for calls of at most ${MAX_LISTED} items: this one has more`,
          },
        ]);
      }
      return await this.#carryOut(call, work, keyed);
    } catch (error) {
      // What fails as a whole has done nothing, except where the trail was lost on the way.
      if (toAppError(error, '').code !== 'INTERNAL_ERROR') await keyed?.release();
      throw error;
    }
  }

  async #carryOut(call: BulkCall, work: Work, keyed?: Extract<KeyedCall, { kind: 'new' }>): Promise<object> {
    const isShort = work.itemCount !== undefined && work.itemCount <= MAX_LISTED;
    if (isShort && !call.wantsLines) {
      const list = new ResultList();
      const { run, audit, end } = this.#start(call, work, list);
      await run.run(work.items).finally(end);
      const failure = await audit.end({ ...run.summary.toJSON() });
      if (failure !== undefined) throw failure;
      const chunks = await list.answer(run.summary);
      await keyed?.finish(Buffer.concat(chunks).toString());
      return new StreamableFile(Readable.from(chunks, { objectMode: false }), { type: JSON_TYPE });
    }
    // Before the answer begins, which is else taken for the end of the call.
    this.#audit.openCall(call.request.record);
    const stream = call.wantsLines ? new ResultStream('', '\n') : new ResultStream(',', '');
    const pieces = this.#pieces(call, work, stream, keyed);
    return new StreamableFile(streamedAnswer(pieces), { type: call.wantsLines ? NDJSON : JSON_TYPE });
  }

  /** The answer of a call that is sent while it is carried out. */
  async *#pieces(
    call: BulkCall,
    work: Work,
    stream: ResultStream,
    keyed?: Extract<KeyedCall, { kind: 'new' }>,
  ): AsyncGenerator<string | Buffer, void> {
    const kept = keyed === undefined ? undefined : new ResultList();
    const { run, audit, end, abort } = this.#start(
      call,
      work,
      kept === undefined ? stream : both(stream, kept),
    );
    const running = run.run(work.items).finally(() => stream.end());
    running.catch(() => undefined);
    let failure: AppError | undefined;
    try {
      if (!call.wantsLines) yield '{"items":[';
      for (let text = await stream.next(); text !== undefined; text = await stream.next()) yield text;
      await running;
    } finally {
      // Reached early when the caller has gone: what was not sent is never sent.
      abort();
      stream.end();
      await running.catch(() => undefined);
      end();
      failure = await audit.end({ ...run.summary.toJSON() });
      await keyed?.finish(
        `{"summary":${JSON.stringify(run.summary)},"items":[${kept?.items.join(',') ?? ''}]}`,
      );
    }
    // Without a summary, the caller knows that something is missing.
    if (failure !== undefined) throw failure;
    const summary = JSON.stringify(run.summary);
    yield call.wantsLines ? `{"summary":${summary}}\n` : `],"summary":${summary}}`;
  }

  #start(
    call: BulkCall,
    { options: { perSecond } }: Work,
    sink: ResultSink,
  ): { run: BulkRun; audit: AuditCall; end: () => void; abort: () => void } {
    const { request, caller } = call;
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const { socket } = request.raw;
    const onGone = (): void => stop.abort(requestAborted());
    const onDrain = (): void => stop.abort(shuttingDown());
    socket.once('close', onGone);
    this.#drain.signal.addEventListener('abort', onDrain, { once: true });
    if (socket.destroyed) onGone();
    const audit = this.#audit.openCall(request.record);
    this.#metrics.begin();
    const run = new BulkRun({
      gateway: this.#gateway,
      audit,
      metrics: this.#metrics,
      sink,
      quota: new ItemQuota(this.#limiter, caller),
      pacer: perSecond === undefined ? undefined : new Pacer(perSecond),
      requestId: request.id,
      // Over one broker, nobody else waits for what it is slow with.
      maxWaiting: call.brokerId === undefined ? MAX_WAITING_OF_MANY : MAX_WAITING,
      signal: stop.signal,
    });
    const end = (): void => {
      socket.off('close', onGone);
      this.#drain.signal.removeEventListener('abort', onDrain);
      this.#metrics.end();
    };
    return { run, audit, end, abort: onGone };
  }

  #linesOf(call: BulkCall): Work {
    const options = readOptions(call.query);
    call.request.record.reason = options.reason;
    const preparation = new ItemPreparation(this.#scope(call));
    const { bodyLimitBytes } = this.#config.current.http;
    const drained = this.#drain.signal;
    async function* items(): AsyncGenerator<readonly BulkItem[], void> {
      let index = 0;
      for await (const lines of readLines(call.request.raw, bodyLimitBytes)) {
        yield lines.map((line) => preparation.prepare(line, index++));
        // What has not been read is no item: the caller sees in the summary how far it came.
        if (drained.aborted) return;
      }
    }
    return { options, items: items(), itemCount: undefined };
  }

  #listOf(call: BulkCall, list: OperationList): Work {
    const preparation = new ItemPreparation(this.#scope(call));
    async function* items(): AsyncGenerator<readonly BulkItem[], void> {
      let index = 0;
      for await (const piece of inPieces(list.operations)) {
        yield piece.map((value) => preparation.prepare({ value }, index++));
      }
    }
    return { options: list, items: items(), itemCount: list.operations.length };
  }

  async #selectionOf(
    call: BulkCall,
    envelope: SelectionCall,
  ): Promise<{ selection: Selection; work: Work | undefined }> {
    checkWidth(envelope);
    const scope = this.#scope(call);
    const preparation = new ItemPreparation(scope);
    const brokers = scope.broker === undefined ? [...scope.brokers.values()] : [scope.broker];
    // The actions are part of the envelope: what no client could take fails the call.
    trialItems(preparation, envelope.actions, scope);
    const selection = await select(this.#clients, brokers, envelope.select, this.#drain.signal);
    if (envelope.dryRun) return { selection, work: undefined };
    checkSelection(selection, envelope);
    const work: Work = {
      options: envelope,
      items: selectedItems(preparation, envelope.actions, selection),
      itemCount: selection.count * envelope.actions.length,
    };
    return { selection, work };
  }

  #scope({ caller, project, brokerId }: BulkCall): CallScope {
    const toRef = (id: string): BrokerRef => ({ projectId: project, brokerId: id });
    const ids = this.#registry.project(project).brokers.map(({ id }) => id);
    const mayControl = (id: string): boolean => isAllowed(caller, { role: 'editor', project, broker: id });
    return {
      caller,
      project,
      broker: brokerId === undefined ? undefined : toRef(brokerId),
      brokers: new Map(ids.filter(mayControl).map((id) => [id, toRef(id)])),
      isConfigured: (id) => ids.includes(id),
    };
  }

  /** The answer that was given before. Its items are not carried out, or audited, again. */
  #replay(call: BulkCall, result: string): object {
    call.request.record.details = { replayed: true };
    call.setHeader('Idempotency-Replayed', 'true');
    if (!call.wantsLines) return json(result);
    const answer: unknown = JSON.parse(result);
    const { items, ...rest } = isJsonObject(answer) ? answer : {};
    if (!Array.isArray(items)) return json(result);
    const lines = [...(items as unknown[]), rest].map((line) => `${JSON.stringify(line)}\n`).join('');
    return new StreamableFile(Buffer.from(lines), { type: NDJSON });
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

function json(text: string): StreamableFile {
  return new StreamableFile(Buffer.from(text), { type: JSON_TYPE });
}

function both(first: ResultSink, second: ResultSink): ResultSink {
  return {
    add: (item, ending) => {
      second.add(item, ending);
      return first.add(item, ending);
    },
    room: () => first.room(),
  };
}
