import { setTimeout as delay } from 'node:timers/promises';
import { TOKENS } from '../../support/test-service.js';
import { HttpLane, type LaneRequest } from './http-lane.js';
import type { Ledger } from './ledger.js';

export interface LoadOptions {
  /** Base URL of the service. */
  readonly url: string;
  readonly ledger: Ledger;
  /** Requests at the same time, each on a connection of its own. */
  readonly lanes: number;
  /** Requests per second that are tried to reach. */
  readonly perSecond: number;
  /** Which broker of project `p`. Default: `b`. */
  readonly broker?: string;
  /** Commands to send. Default: disconnect only. */
  readonly actions?: readonly ('disconnect' | 'subscribe' | 'unsubscribe')[];
  /** The request for an id. Default: one of {@link actions} on the client of that id. */
  readonly requestFor?: (id: string) => LaneRequest;
  /** The client id of the next request; undefined when there are no more. Default: a new one of the ledger's. */
  readonly nextId?: () => string | undefined;
}

/** How long a caller waits after an error before it sends its next request. */
const PAUSE_AFTER_ERROR_MS = 50;

/** Callers that go on sending control requests, each noted in the ledger with its answer, until they are stopped. */
export class Load {
  readonly #options: Required<Omit<LoadOptions, 'requestFor'>> & Pick<LoadOptions, 'requestFor'>;
  readonly #lanes: HttpLane[];
  readonly #running: Promise<void>;
  #startedAt = 0;
  #stopped = false;
  #slots = 0;

  private constructor(options: LoadOptions) {
    const nextId = options.nextId ?? (() => options.ledger.newId());
    this.#options = { broker: 'b', actions: ['disconnect'], ...options, nextId };
    this.#lanes = Array.from({ length: options.lanes }, () => new HttpLane(options.url));
    this.#running = this.#runAll();
  }

  static start(options: LoadOptions): Load {
    return new Load(options);
  }

  /** Resolves when there are no more client ids, or it was stopped, and everything is answered. */
  async finished(): Promise<void> {
    await this.#running;
    await Promise.all(this.#lanes.map((lane) => this.#expectNothingUnasked(lane)));
    for (const lane of this.#lanes) lane.close();
  }

  /** Sends nothing more, and waits for the last answers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.finished();
  }

  async #runAll(): Promise<void> {
    // Connections first: under load a process may take long to accept them, one at a time, and that is no request's time.
    await Promise.all(this.#lanes.map((lane) => lane.send(probe('probe-at-the-start'))));
    this.#startedAt = performance.now();
    await Promise.all(this.#lanes.map((lane) => this.#run(lane)));
  }

  async #run(lane: HttpLane): Promise<void> {
    for (;;) {
      const dueInMs = this.#startedAt + (this.#slots++ * 1000) / this.#options.perSecond - performance.now();
      if (dueInMs > 1) await delay(dueInMs);
      const id = this.#stopped ? undefined : this.#options.nextId();
      if (id === undefined) return;
      const succeeded = await this.#exchange(lane, id);
      if (!succeeded) await delay(PAUSE_AFTER_ERROR_MS);
    }
  }

  async #exchange(lane: HttpLane, id: string): Promise<boolean> {
    const { ledger } = this.#options;
    try {
      await lane.open();
      ledger.issued(id);
      const answer = await lane.send(this.#request(id));
      const answeredId = answer.headers['x-request-id'];
      if (answeredId !== id) ledger.failed(id, `the answer belongs to ${answeredId ?? 'nobody'}`);
      ledger.answered(id, answer);
      return answer.status < 400;
    } catch (error) {
      lane.close();
      ledger.failed(id, String(error));
      return false;
    }
  }

  #request(id: string): LaneRequest {
    const { broker, actions, requestFor } = this.#options;
    if (requestFor !== undefined) {
      const request = requestFor(id);
      return { ...request, headers: { ...request.headers, 'X-Request-Id': id } };
    }
    const action = actions[Number(id.slice(id.lastIndexOf('-') + 1)) % actions.length] ?? 'disconnect';
    return {
      method: 'PUT',
      target: `/api/projects/p/brokers/${broker}/client-control/${action}`,
      token: TOKENS.editor,
      headers: { 'X-Request-Id': id },
      body: action === 'disconnect' ? { clientid: id } : { clientid: id, topic: 'a/b' },
    };
  }

  /** An answer too many would come before the answer to one more question. */
  async #expectNothingUnasked(lane: HttpLane): Promise<void> {
    const id = 'probe-at-the-end';
    if (lane.hasUnaskedBytes) this.#options.ledger.failed(id, 'an answer too many came');
    const { headers } = await lane.send(probe(id));
    if (headers['x-request-id'] !== id)
      this.#options.ledger.failed(id, `an answer too many came, for ${headers['x-request-id'] ?? 'nobody'}`);
  }
}

/** A request that only the service itself answers. */
const probe = (id: string): LaneRequest => ({
  method: 'GET',
  target: '/health/live',
  headers: { 'X-Request-Id': id },
});
