import type { BrokerGateway } from '../../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { requestAborted, selfDisconnect } from '../../broker-gateway/gateway-error.js';
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
const MAX_IN_FLIGHT = 1200;
const MIN_IN_FLIGHT = 16;
const FIRST_IN_FLIGHT = 400;
/** Answers that take longer mean that the broker is behind. */
const SLOW_MS = 250;
/** Answers between two looks at how long they take. */
const LOOK_EVERY = 64;
/** Jobs that may wait here before whoever makes them has to wait. */
const MAX_WAITING = 10_000;

/**
 * The commands of one call to one broker: in order, as many at a time as the broker keeps up with. A broker that is slow
 * gets fewer, so that commands do not run out of time while they wait for each other.
 */
export class BrokerLane {
  readonly #gateway: BrokerGateway;
  readonly #broker: BrokerRef;
  readonly #options: RequestOptions;
  readonly #requestId: string;
  #jobs: Job[] = [];
  #head = 0;
  #inFlight = 0;
  #limit = FIRST_IN_FLIGHT;
  #answers = 0;
  #capabilities: ReturnType<BrokerGateway['capabilities']> | undefined;
  #isScheduled = false;
  #onRoom: (() => void)[] = [];

  constructor(gateway: BrokerGateway, broker: BrokerRef, signal: AbortSignal, requestId: string) {
    this.#gateway = gateway;
    this.#broker = broker;
    this.#options = { lane: 'bulk', signal };
    this.#requestId = requestId;
    signal.addEventListener('abort', () => this.#drop(), { once: true });
  }

  /** Takes a job; it is sent after those that came before. */
  add(job: Job): void {
    this.#jobs.push(job);
    if (this.#isScheduled || this.#inFlight >= this.#limit) return;
    this.#isScheduled = true;
    setImmediate(this.#pump);
  }

  /** Whether it takes more jobs without holding too many. */
  get hasRoom(): boolean {
    return this.#jobs.length - this.#head < MAX_WAITING;
  }

  /** Resolves when about half of what waits has been sent. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  readonly #pump = (): void => {
    this.#isScheduled = false;
    // What the broker can do changes with its connection, not within a turn.
    const isConnected = this.#gateway.status(this.#broker).state === 'connected';
    this.#capabilities = isConnected ? this.#gateway.capabilities(this.#broker) : undefined;
    let job = this.#jobs[this.#head];
    while (job !== undefined && this.#inFlight < this.#limit) {
      this.#head += 1;
      this.#send(job);
      job = this.#jobs[this.#head];
    }
    this.#compact();
  };

  #compact(): void {
    if (this.#head * 2 >= this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
    if (this.#onRoom.length > 0 && this.#jobs.length - this.#head <= MAX_WAITING / 2) {
      for (const goOn of this.#onRoom.splice(0)) goOn();
    }
  }

  #send(job: Job): void {
    const { operation, body, onEnd } = job;
    let plan: ReturnType<typeof planCommand>;
    try {
      if (this.#gateway.isOwn(this.#broker, body.clientid)) throw selfDisconnect();
      plan = planCommand(operation, body, this.#capabilities);
    } catch (error) {
      onEnd(failedWith(error, this.#requestId));
      return;
    }
    this.#inFlight += 1;
    const startedAt = performance.now();
    this.#gateway.request(this.#broker, plan.api, plan.command, this.#options).then(
      (data) => {
        this.#free(startedAt);
        onEnd(doneWith(operation, data));
      },
      (error: unknown) => {
        this.#free(startedAt);
        onEnd(failedWith(error, this.#requestId));
      },
    );
  }

  #free(startedAt: number): void {
    this.#inFlight -= 1;
    this.#answers += 1;
    if (this.#answers % LOOK_EVERY === 0 || performance.now() - startedAt > SLOW_MS) this.#adapt(startedAt);
    if (this.#isScheduled || this.#head === this.#jobs.length || this.#inFlight >= this.#limit) return;
    this.#isScheduled = true;
    setImmediate(this.#pump);
  }

  /** Halves what may be on its way, at most once per answer time, when answers are slow; else lets it grow back. */
  #adapt(startedAt: number): void {
    if (performance.now() - startedAt <= SLOW_MS) {
      this.#limit = Math.min(MAX_IN_FLIGHT, this.#limit + LOOK_EVERY);
    } else if (startedAt >= this.#lowered) {
      this.#lowered = performance.now();
      this.#limit = Math.max(MIN_IN_FLIGHT, this.#limit >> 1);
    }
  }
  #lowered = 0;

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

function doneWith(operation: Operation, data: CommandData): Ending {
  const { status } = operation.success;
  const fields = operation.remark?.(data)?.fields;
  return fields === undefined ? { outcome: 'done', status } : { outcome: 'done', status, fields };
}
