import type { AuditCall } from '../../audit/audit-call.js';
import type { BrokerGateway } from '../../broker-gateway/broker-gateway.js';
import { abortError } from '../../broker-gateway/gateway-error.js';
import { brokerKey, type BrokerRef } from '../../broker-gateway/broker-ref.js';
import { AppError } from '../../errors/app-error.js';
import type { BulkMetrics } from './bulk-metrics.js';
import { BrokerLane } from './broker-lane.js';
import {
  failedWith,
  refused,
  Summary,
  type BulkItem,
  type Ending,
  type ItemHead,
  type ReadyItem,
} from './bulk-item.js';
import type { ItemQuota } from './item-quota.js';
import { isAction } from './item-preparation.js';
import type { Operation, OperationBody } from '../operations/operation.js';
import { mergeEndings, type BrokerEnding } from './merge-endings.js';
import type { Pacer } from './pacer.js';

/** Takes the results, as the items end. */
export interface ResultSink {
  /** @returns false when the reader is behind: wait for {@link room} before more is sent */
  add(item: ItemHead, ending: Ending): boolean;
  room(): Promise<void>;
  /** No more results will come, or nobody takes them any more. */
  end(): void;
}

/** What a run needs. */
export interface RunParts {
  readonly gateway: BrokerGateway;
  readonly audit: AuditCall;
  readonly metrics: BulkMetrics;
  readonly sink: ResultSink;
  readonly quota: ItemQuota;
  readonly pacer: Pacer | undefined;
  readonly requestId: string;
  /** Items that may wait for one broker before no more are taken. */
  readonly maxWaiting: number;
  /** Why the run stopped early, which what was not sent fails with; aborted together with {@link signal}. */
  readonly signal: AbortSignal;
}

/** What a lane carries out: an item, or an item on one of the brokers where its client may be. */
type Attempt =
  | ReadyItem
  | {
      readonly kind: 'one-of-several';
      readonly operation: Operation;
      readonly body: OperationBody;
      readonly item: ReadyItem;
      readonly broker: string;
      /** Of all of them so far. */
      readonly endings: BrokerEnding[];
    };

/**
 * Carries out the items of one call.
 *
 * Guarantees: each item ends exactly once and as a single call would, with one record in the audit trail; one for wherever its
 * client is, with one of each broker where it was, or may have been, done. Operations on one client on one broker run in the
 * order of the items. Aborted, it sends nothing more; what was sent goes on to its true outcome. Holds a bounded number of
 * items, however many there are, and reads on only when brokers, audit trail and the reader of the results keep up. A broker
 * that is down or slow holds up the others only when ten thousand items wait for it.
 */
export class BulkRun {
  readonly summary = new Summary();
  readonly #parts: RunParts;
  readonly #lanes = new Map<string, BrokerLane<Attempt>>();
  #open = 0;
  #isBehind = false;
  #onIdle: (() => void) | undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when every item has ended.
   *
   * @throws what `source` throws, after all items before it have ended
   */
  async run(source: AsyncIterable<readonly BulkItem[]>): Promise<void> {
    try {
      for await (const items of source) await this.#take(items);
    } finally {
      if (this.#open > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    }
  }

  async #take(items: readonly BulkItem[]): Promise<void> {
    const { signal, quota } = this.#parts;
    const refusal = signal.aborted ? undefined : await this.#announce(items);
    const granted = quota.take(items.reduce((count, item) => count + lengthOf(item), 0));
    const allowed = typeof granted === 'number' ? granted : await granted;
    let taken = 0;
    for (const item of items) {
      const turn = this.#turn();
      if (turn !== undefined) await turn;
      this.#open += 1;
      if (item.kind === 'refused') this.#end(item, item.ending);
      else if (signal.aborted) this.#end(item, this.#notSent());
      else if (refusal !== undefined) this.#end(item, refusal);
      else if ((taken += lengthOf(item)) > allowed) this.#end(item, quota.refusal);
      else {
        const full = this.#start(item);
        if (full !== undefined) await full.room();
      }
    }
  }

  /** @returns how the items end whose start cannot be written down although it must */
  async #announce(items: readonly BulkItem[]): Promise<Ending | undefined> {
    const { audit, requestId } = this.#parts;
    if (!audit.isRequired) return undefined;
    const ready = items.flatMap((item) => chainOf(item));
    try {
      await audit.announce(
        ready.map(({ index, broker, action, clientid, body: { topic } }) => ({
          index,
          broker,
          action,
          clientId: clientid,
          topic,
        })),
      );
      return undefined;
    } catch (error) {
      return failedWith(error, requestId);
    }
  }

  /** @returns resolves when one more item may begin; undefined for at once */
  #turn(): Promise<void> | undefined {
    return this.#isBehind ? this.#catchUp() : this.#parts.pacer?.take();
  }

  async #catchUp(): Promise<void> {
    const { audit, sink, pacer } = this.#parts;
    await audit.room();
    await sink.room();
    this.#isBehind = false;
    await pacer?.take();
  }

  /** @returns a lane that takes no more for now */
  #start(item: ReadyItem): BrokerLane<Attempt> | undefined {
    const { operation, body, brokers } = item;
    const [only] = brokers;
    if (brokers.length === 1 && only !== undefined) {
      const lane = this.#lane(only);
      lane.add(item);
      return lane.hasRoom ? undefined : lane;
    }
    let full: BrokerLane<Attempt> | undefined;
    const endings: BrokerEnding[] = [];
    for (const broker of brokers) {
      const lane = this.#lane(broker);
      lane.add({ kind: 'one-of-several', operation, body, item, broker: broker.brokerId, endings });
      if (!lane.hasRoom) full = lane;
    }
    return full;
  }

  #lane(broker: BrokerRef): BrokerLane<Attempt> {
    const key = brokerKey(broker);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const { gateway, signal, requestId, maxWaiting } = this.#parts;
      const onEnd = this.#onAttempt;
      lane = new BrokerLane({ gateway, broker, signal, requestId, maxWaiting, onEnd });
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  readonly #onAttempt = (attempt: Attempt, ending: Ending): void => {
    if (attempt.kind === 'ready') {
      this.#end(attempt, ending);
      return;
    }
    const { item, broker, endings } = attempt;
    endings.push({ broker, ending });
    if (endings.length < item.brokers.length) return;
    const merged = mergeEndings(endings);
    // The caller has one answer; the trail says of each broker what was, or may have been, done there.
    for (const other of endings) {
      const { outcome } = other.ending;
      if (other.broker === merged.broker || (outcome !== 'done' && outcome !== 'unknown')) continue;
      this.#record({ ...item, broker: other.broker }, other.ending);
    }
    this.#end({ ...item, broker: merged.broker ?? item.broker }, merged.ending);
  };

  #end(item: BulkItem, ending: Ending): void {
    const { sink, metrics } = this.#parts;
    const { action } = item;
    this.summary.count(ending.outcome);
    metrics.count(action, ending.outcome);
    this.#record(item, ending);
    if (!sink.add(item, ending)) this.#isBehind = true;
    if (item.next !== undefined) this.#goOn(item.next, ending);
    this.#open -= 1;
    if (this.#open === 0) this.#onIdle?.();
  }

  #record(item: BulkItem, ending: Ending): void {
    const topic = item.kind === 'ready' ? item.body.topic : item.topic;
    if (!this.#parts.audit.conclude(auditItem(item, topic, ending))) this.#isBehind = true;
  }

  /** The next thing to be done to a client, if what came before it succeeded. */
  #goOn(next: BulkItem, before: Ending): void {
    const { signal } = this.#parts;
    this.#open += 1;
    if (before.outcome !== 'done') {
      this.#end(next, PREVIOUS_FAILED);
      return;
    }
    if (next.kind === 'refused') {
      this.#end(next, next.ending);
      return;
    }
    const start = (): void => {
      if (signal.aborted) this.#end(next, this.#notSent());
      else this.#start(next);
    };
    const turn = this.#turn();
    if (turn === undefined) start();
    else void turn.then(start);
  }

  #notSent(): Ending {
    return failedWith(abortError(this.#parts.signal), this.#parts.requestId);
  }
}

const PREVIOUS_FAILED = refused(
  new AppError('PREVIOUS_ACTION_FAILED', 'What was to be done to this client before did not succeed'),
  'not-sent',
);

/** How many items hang together: what may begin only as a whole. */
function lengthOf(item: BulkItem): number {
  let length = 1;
  for (let at = item.next; at !== undefined; at = at.next) length += 1;
  return length;
}

function chainOf(item: BulkItem | undefined): ReadyItem[] {
  if (item === undefined) return [];
  return item.kind === 'ready' ? [item, ...chainOf(item.next)] : chainOf(item.next);
}

function auditItem(
  { index, broker, clientid, action }: BulkItem,
  topic: string | undefined,
  ending: Ending,
): Parameters<AuditCall['conclude']>[0] {
  const { outcome } = ending;
  return {
    index,
    broker,
    action: isAction(action) ? action : undefined,
    clientId: clientid,
    topic,
    outcome: outcome === 'done' ? 'OK' : ending.error.code,
    outcomeDetail: outcome === 'not-sent' || outcome === 'unknown' ? outcome : undefined,
  };
}
