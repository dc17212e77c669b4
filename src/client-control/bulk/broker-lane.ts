import type { BrokerGateway } from '../../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { requestAborted } from '../../broker-gateway/gateway-error.js';
import type { RequestOptions } from '../../broker-gateway/requests/control-request.js';
import type { CommandData } from '../../broker-gateway/protocol/control-protocol.js';
import { planCommand } from '../command-plan.js';
import type { Operation, OperationBody } from '../operations/operation.js';
import { failedWith, type Ending } from './bulk-item.js';

/** One operation on one broker. */
export interface Job {
  readonly operation: Operation;
  readonly body: OperationBody;
  /** Called exactly once. */
  readonly onEnd: (ending: Ending) => void;
}

/** Commands of a call that may be on their way to one broker: what keeps a fast broker busy, within milliseconds of work. */
const MAX_IN_FLIGHT = 500;
const MIN_IN_FLIGHT = 16;
const FIRST_IN_FLIGHT = 400;
/** Answers that take longer mean that the broker is behind. */
const SLOW_MS = 250;
/** Answers between two looks at how long they take. */
const LOOK_EVERY = 64;

/**
 * The commands of one call to one broker: in order, as many at a time as the broker keeps up with. A broker that is slow
 * gets fewer, so that commands do not run out of time while they wait for each other.
 */
export class BrokerLane {
  readonly #gateway: BrokerGateway;
  readonly #broker: BrokerRef;
  readonly #options: RequestOptions;
  readonly #requestId: string;
  readonly #maxWaiting: number;
  #jobs: Job[] = [];
  #head = 0;
  #inFlight = 0;
  #limit = FIRST_IN_FLIGHT;
  #answers = 0;
  /** On the clock of `performance.now()`, like {@link #loweredAt}. */
  #turnAt = 0;
  #loweredAt = Number.NEGATIVE_INFINITY;
  #capabilities: ReturnType<BrokerGateway['capabilities']> | undefined;
  /** Until it is known what the broker can do, jobs wait. */
  #isScheduled = true;
  #onRoom: (() => void)[] = [];

  /** @param maxWaiting jobs that may wait here before whoever makes them has to wait */
  constructor(
    gateway: BrokerGateway,
    broker: BrokerRef,
    signal: AbortSignal,
    requestId: string,
    maxWaiting: number,
  ) {
    this.#maxWaiting = maxWaiting;
    this.#gateway = gateway;
    this.#broker = broker;
    this.#options = { lane: 'bulk', signal };
    this.#requestId = requestId;
    signal.addEventListener('abort', () => this.#drop(), { once: true });
    void gateway.capabilitiesKnown(broker).then(this.#pump);
  }

  /** Takes a job; it is sent after those that came before. */
  add(job: Job): void {
    this.#jobs.push(job);
    if (this.#inFlight < this.#limit) this.#schedule();
  }

  /** Whether it takes more jobs without holding too many. */
  get hasRoom(): boolean {
    return this.#jobs.length - this.#head < this.#maxWaiting;
  }

  /** Resolves when about half of what waits has been sent. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  readonly #pump = (): void => {
    this.#isScheduled = false;
    this.#turnAt = performance.now();
    // What the broker can do changes with its connection, not within a turn.
    const isConnected = this.#gateway.status(this.#broker).state === 'connected';
    this.#capabilities = isConnected ? this.#gateway.capabilities(this.#broker) : undefined;
    let job = this.#jobs[this.#head];
    // What is refused at once, because the broker is down, does not count as on its way; others have their turn nonetheless.
    for (let left = MAX_IN_FLIGHT; job !== undefined && this.#inFlight < this.#limit && left > 0; left -= 1) {
      this.#head += 1;
      this.#send(job);
      job = this.#jobs[this.#head];
    }
    this.#compact();
    if (this.#head < this.#jobs.length && this.#inFlight < this.#limit) this.#schedule();
  };

  #compact(): void {
    if (this.#head * 2 >= this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
    if (this.#onRoom.length > 0 && this.#jobs.length - this.#head <= this.#maxWaiting / 2) {
      for (const goOn of this.#onRoom.splice(0)) goOn();
    }
  }

  #send(job: Job): void {
    const { operation, body } = job;
    let plan: ReturnType<typeof planCommand>;
    try {
      plan = planCommand(operation, body, this.#capabilities);
    } catch (error) {
      job.onEnd(failedWith(error, this.#requestId));
      return;
    }
    this.#inFlight += 1;
    // One clock reading for all that is sent in a turn.
    const startedAt = this.#turnAt;
    this.#gateway.submit(this.#broker, plan.api, plan.command, this.#options, {
      resolve: (data) => {
        this.#free(startedAt);
        job.onEnd(doneWith(operation, data));
      },
      reject: (error) => {
        this.#free(startedAt);
        job.onEnd(failedWith(error, this.#requestId));
      },
    });
  }

  #free(startedAt: number): void {
    this.#inFlight -= 1;
    this.#answers += 1;
    if (this.#answers % LOOK_EVERY === 0) this.#adapt(startedAt);
    if (this.#head < this.#jobs.length && this.#inFlight < this.#limit) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#pump);
  }

  /** Halves what may be on its way, at most once per answer time, when answers are slow; else lets it grow back. */
  #adapt(startedAt: number): void {
    if (performance.now() - startedAt <= SLOW_MS) {
      this.#limit = Math.min(MAX_IN_FLIGHT, this.#limit + LOOK_EVERY);
    } else if (startedAt >= this.#loweredAt) {
      this.#loweredAt = performance.now();
      this.#limit = Math.max(MIN_IN_FLIGHT, this.#limit >> 1);
    }
  }

  /** Lets go of what waits: it is never sent. */
  #drop(): void {
    const waiting = this.#jobs.slice(this.#head);
    this.#jobs = [];
    this.#head = 0;
    const ending = failedWith(requestAborted(), this.#requestId);
    for (const { onEnd } of waiting) onEnd(ending);
    for (const goOn of this.#onRoom.splice(0)) goOn();
  }
}

const DONE_200: Ending = { outcome: 'done', status: 200 };
const DONE_204: Ending = { outcome: 'done', status: 204 };

function doneWith(operation: Operation, data: CommandData): Ending {
  const { status } = operation.success;
  const fields = operation.remark?.(data)?.fields;
  if (fields === undefined) return status === 200 ? DONE_200 : DONE_204;
  return { outcome: 'done', status, fields };
}
