import { Injectable, StreamableFile } from '@nestjs/common';
import { isAllowed } from '../../access/caller.js';
import { BrokerClients } from '../../broker-clients/broker-clients.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { ConfigStore } from '../../config/config-store.js';
import { invalid } from '../../errors/issue.js';
import { readJsonBody } from '../../http/body/json-body.js';
import { parseJsonInTurns } from '../../http/body/json-in-turns.js';
import { isNdjson, NDJSON } from '../../http/body/ndjson.js';
import { Drain } from '../../http/drain.js';
import { toAppError } from '../../http/to-app-error.js';
import { isJsonObject } from '../../json/json.js';
import { ProjectRegistry } from '../../registry/project-registry.js';
import { Idempotency, type NewCall } from '../idempotency/idempotency.js';
import type { BulkCall } from './bulk-call.js';
import {
  MAX_LISTED,
  readEnvelope,
  readOptions,
  type OperationList,
  type SelectionCall,
} from './bulk-envelope.js';
import { BulkExecutor, JSON_TYPE, type Work } from './bulk-executor.js';
import type { BulkItem } from './bulk-item.js';
import { ItemPreparation, type CallScope } from './item-preparation.js';
import { inPieces, readLines } from './item-reader.js';
import { checkSelection, checkWidth, select, toDryRun, type Selection } from './selection.js';
import { selectedItems, trialItems } from './selected-items.js';

/** Longest JSON body of a call for many, bytes: what is parsed in some 10 ms. Longer lists are streamed. */
const BULK_BODY_LIMIT_BYTES = 2_097_152;
/** Properties and items in it: a dozen for each of 10,000 operations. */
const BULK_MAX_VALUES = 120_000;

/** Carries out operations on many clients with one call. */
@Injectable()
export class BulkService {
  readonly #executor: BulkExecutor;
  readonly #clients: BrokerClients;
  readonly #registry: ProjectRegistry;
  readonly #idempotency: Idempotency;
  readonly #drain: Drain;
  readonly #config: ConfigStore;

  constructor(
    executor: BulkExecutor,
    clients: BrokerClients,
    registry: ProjectRegistry,
    idempotency: Idempotency,
    drain: Drain,
    config: ConfigStore,
  ) {
    this.#executor = executor;
    this.#clients = clients;
    this.#registry = registry;
    this.#idempotency = idempotency;
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
      return this.#executor.carryOut(call, this.#linesOf(call), undefined);
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

  async #runBody(call: BulkCall, body: unknown, keyed?: NewCall): Promise<object> {
    try {
      const envelope = readEnvelope(body);
      call.request.record.reason = envelope.reason;
      if (envelope.kind === 'list') {
        return await this.#executor.carryOut(call, this.#listOf(call, envelope), keyed);
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
      return await this.#executor.carryOut(call, work, keyed);
    } catch (error) {
      // What fails as a whole has done nothing, except where the trail was lost on the way.
      if (toAppError(error, '').code !== 'INTERNAL_ERROR') await keyed?.release();
      throw error;
    }
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

function json(text: string): StreamableFile {
  return new StreamableFile(Buffer.from(text), { type: JSON_TYPE });
}
