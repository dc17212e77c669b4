import type { BulkCall, ItemOutcome, Operation } from '@mqtt-client-control/client';
import { signal } from '@preact/signals';
import { api, ApiError } from '../api.js';
import { actionsOf, operationOn, type ClientOfBroker, type Intent } from './intent.js';
import { escapeGlob } from '../glob.js';
import type { Plan } from './lines.js';

/** How many ended how. */
export interface Tally {
  readonly done: number;
  readonly failed: number;
  readonly notSent: number;
  readonly unknown: number;
}

const COUNTED = { done: 'done', failed: 'failed', 'not-sent': 'notSent', unknown: 'unknown' } as const;
const REDRAW_MS = 100;
/** Bans are single calls; so many of them at a time. */
const AT_ONCE = 4;

/**
 * Something that is being done to clients, and what became of each. It goes on while the page shows something else, and
 * ends with the page: what was not sent by then never is.
 */
export class Run {
  readonly plan: Plan;
  /** How many clients it concerns. */
  readonly count: number;
  /** How many items there will be. */
  readonly total: number;
  readonly startedAt = Date.now();
  /** Changes whenever something else did; reading anything below draws the reader again then. */
  readonly #version = signal(0);
  readonly #items: ItemOutcome[] = [];
  readonly #tally = { done: 0, failed: 0, notSent: 0, unknown: 0 };
  #state: 'running' | 'stopping' | 'over' = 'running';
  /** Clients that came back after they were disconnected, and after how many milliseconds. */
  readonly cameBack = new Map<string, number>();
  endedAt: number | undefined;
  /** Why the call ended before its end. */
  error: unknown;
  /** Resolves when the first item has ended; rejects when the call was refused as a whole, and nothing was done. */
  readonly begun: Promise<void>;
  #calls: BulkCall[] = [];
  #isStopped = false;
  #isRedrawing = false;
  readonly #doneAt = new Map<string, number>();

  constructor(plan: Plan, count: number) {
    this.plan = plan;
    this.count = count;
    this.total = count * Math.max(1, actionsOf(plan.intent).length);
    this.begun = new Promise((resolve, reject) => void this.#run(resolve, reject));
  }

  get state(): 'running' | 'stopping' | 'over' {
    this.#subscribe();
    return this.#state;
  }

  /** What has ended, in the order of the ends. */
  get items(): readonly ItemOutcome[] {
    this.#subscribe();
    return this.#items;
  }

  get tally(): Tally {
    this.#subscribe();
    return this.#tally;
  }

  /** The ids of the call's requests, by which the audit trail has it. */
  get requestIds(): readonly string[] {
    return this.#calls.flatMap(({ requestIds }) => requestIds);
  }

  /** Sends nothing more. What was not sent never will be. */
  stop(): void {
    this.#isStopped = true;
    this.#state = 'stopping';
    for (const call of this.#calls) call.stop();
    this.#changed();
  }

  /** Clients of which not everything was done: also those whose turn never came, or came for the first action alone. */
  get notDone(): readonly ClientOfBroker[] {
    const { whom, intent } = this.plan;
    const clients = new Map<string, ClientOfBroker>();
    const left = new Map<string, number>();
    const know = (client: ClientOfBroker): string => {
      const key = `${client.broker}/${client.clientid}`;
      if (!clients.has(key)) left.set(key, Math.max(1, actionsOf(intent).length));
      clients.set(key, client);
      return key;
    };
    if (whom.kind === 'clients') whom.clients.forEach(know);
    for (const { outcome, broker, clientid } of this.#items) {
      if (broker === undefined || clientid === undefined) continue;
      const key = know({ broker, clientid });
      if (outcome === 'done') left.set(key, (left.get(key) ?? 0) - 1);
    }
    return [...clients].flatMap(([key, client]) => ((left.get(key) ?? 0) > 0 ? [client] : []));
  }

  /** An event told that a client is there again. */
  noteConnected({ broker, clientid }: ClientOfBroker, at: number): void {
    const key = `${broker}/${clientid}`;
    const doneAt = this.#doneAt.get(key);
    if (doneAt === undefined || this.cameBack.has(key)) return;
    this.cameBack.set(key, Math.max(0, at - doneAt));
    this.#changed();
  }

  async #run(resolve: () => void, reject: (error: unknown) => void): Promise<void> {
    try {
      for await (const item of this.#outcomes()) {
        this.#take(item);
        resolve();
      }
    } catch (error) {
      this.error = error;
      if (this.#items.length === 0) reject(error);
    }
    this.#state = 'over';
    this.endedAt = Date.now();
    this.#version.value += 1;
    resolve();
  }

  #take(item: ItemOutcome): void {
    this.#items.push(item);
    this.#tally[COUNTED[item.outcome]] += 1;
    const { intent } = this.plan;
    if (item.outcome === 'done' && intent.kind === 'disconnect' && intent.watch) {
      this.#doneAt.set(`${item.broker ?? ''}/${item.clientid ?? ''}`, Date.now());
    }
    this.#changed();
  }

  #subscribe(): number {
    return this.#version.value;
  }

  #changed(): void {
    if (this.#isRedrawing) return;
    this.#isRedrawing = true;
    setTimeout(() => {
      this.#isRedrawing = false;
      this.#version.value += 1;
    }, REDRAW_MS);
  }

  #outcomes(): AsyncIterable<ItemOutcome> {
    const { whom, intent } = this.plan;
    if (whom.kind === 'matching') return this.#matching();
    return intent.kind === 'ban' ? this.#bans(whom.clients, intent) : this.#listed(whom.clients, intent);
  }

  async *#matching(): AsyncGenerator<ItemOutcome> {
    const { whom, intent, selection, partial } = this.plan;
    if (whom.kind !== 'matching') return;
    const work = {
      select: whom.select,
      actions: actionsOf(intent),
      ...(selection !== undefined && { selection }),
      ...(partial === true && { partial }),
    };
    yield* this.#call(whom.brokerId, work);
  }

  /** One action after the other: the next one only for those of which the one before was done. */
  async *#listed(clients: readonly ClientOfBroker[], intent: Intent): AsyncGenerator<ItemOutcome> {
    let left = clients;
    let first = 0;
    for (const action of actionsOf(intent)) {
      const operations = left.map((client) => operationOn(action, client));
      const done: ClientOfBroker[] = [];
      for await (const item of this.#call(undefined, operations)) {
        const client = left[item.index];
        if (item.outcome === 'done' && client !== undefined) done.push(client);
        yield { ...item, index: first + item.index };
      }
      first += left.length;
      left = done;
      if (this.#isStopped) return;
    }
  }

  #call(
    brokerId: string | undefined,
    work: Parameters<typeof api.bulk>[1] | readonly Operation[],
  ): AsyncIterable<ItemOutcome> {
    const { whom, reason, perSecond } = this.plan;
    const call = api.bulk({ projectId: whom.projectId, brokerId }, work, {
      ...(reason !== '' && { reason }),
      ...(perSecond !== undefined && { perSecond }),
    });
    this.#calls.push(call);
    return call;
  }

  async *#bans(
    clients: readonly ClientOfBroker[],
    intent: Extract<Intent, { kind: 'ban' }>,
  ): AsyncGenerator<ItemOutcome> {
    for (let at = 0; at < clients.length; at += AT_ONCE) {
      const part = clients.slice(at, at + AT_ONCE);
      yield* await Promise.all(part.map((client, place) => this.#ban(client, at + place, intent)));
    }
  }

  async #ban(
    { broker, clientid }: ClientOfBroker,
    index: number,
    { forMs, disconnect }: Extract<Intent, { kind: 'ban' }>,
  ): Promise<ItemOutcome> {
    const { whom, reason } = this.plan;
    const item = { index, broker, clientid, action: 'ban' };
    if (this.#isStopped) return { ...item, outcome: 'not-sent', status: 0 };
    try {
      await api.setBan({
        path: { projectId: whom.projectId, brokerId: broker },
        body: {
          as: 'clientid',
          who: escapeGlob(clientid),
          until: forMs === null ? null : new Date(this.startedAt + forMs).toISOString(),
          disconnect,
          ...(reason !== '' && { reason }),
        },
      });
      return { ...item, outcome: 'done', status: 200 };
    } catch (error) {
      if (!(error instanceof ApiError)) return { ...item, outcome: 'unknown', status: 0 };
      const { outcome } = (error.info ?? {}) as { readonly outcome?: string };
      return {
        ...item,
        outcome: outcome === 'unknown' ? 'unknown' : outcome === 'not-sent' ? 'not-sent' : 'failed',
        status: error.status,
        error: { message: error.message, code: error.code, status: error.status } as NonNullable<
          ItemOutcome['error']
        >,
      };
    }
  }
}
