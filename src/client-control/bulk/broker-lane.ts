import type { BrokerCapabilities, BrokerGateway } from '../../broker-gateway/broker-gateway.js';
import type { BrokerRef } from '../../broker-gateway/broker-ref.js';
import { abortError } from '../../broker-gateway/gateway-error.js';
import type { RequestOptions } from '../../broker-gateway/requests/control-request.js';
import type { ControlApi } from '../../broker-gateway/protocol/control-api.js';
import type { CommandData, ControlCommand } from '../../broker-gateway/protocol/control-protocol.js';
import { planCommand, type CommandPlan } from '../command-plan.js';
import type { Operation, OperationBody } from '../operations/operation.js';
import { failedWith, type Ending } from './bulk-item.js';

/** One operation on one broker. */
export interface Job {
  readonly operation: Operation;
  readonly body: OperationBody;
}

/** Commands of a call that may be on their way to one broker: what keeps a fast broker busy, within milliseconds of work. */
const MAX_IN_FLIGHT = 500;
const MIN_IN_FLIGHT = 16;
const FIRST_IN_FLIGHT = 400;
/** While single calls wait for the same broker, too: what they find before them is done in a fraction of a millisecond. */
const IN_FLIGHT_BESIDE_SINGLES = 100;
/** Jobs that are sent in one turn of the event loop. */
const PER_TURN = 100;
/** Answers that take longer mean that the broker is behind. */
const SLOW_MS = 250;
/** Answers between two looks at how long they take. */
const LOOK_EVERY = 64;

/** What a {@link BrokerLane} needs. */
export interface LaneParts<J extends Job> {
  readonly gateway: BrokerGateway;
  readonly broker: BrokerRef;
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Jobs that may wait here before whoever makes them has to wait. */
  readonly maxWaiting: number;
  /** Called exactly once for each job. */
  readonly onEnd: (job: J, ending: Ending) => void;
}

/**
 * The commands of one call to one broker: as many at a time as the broker keeps up with. A broker that is slow gets fewer, so
 * that commands do not run out of time while they wait for each other.
 *
 * They are carried out in their order: a broker keeps that of one control topic on one connection, so that what goes over
 * another topic, or over the connection of a changed configuration, waits until all before it have ended. After each connect
 * they wait until it is known what the broker can do.
 */
export class BrokerLane<J extends Job> {
  readonly #parts: LaneParts<J>;
  readonly #options: RequestOptions;
  #jobs: J[] = [];
  #head = 0;
  #inFlight = 0;
  /** Where what is in flight went: the topic, and what {@link BrokerGateway.servedBy} said. */
  #api: ControlApi | undefined;
  #servedBy: object | undefined;
  /** Whether the next job goes elsewhere. */
  #isTurning = false;
  #limit = FIRST_IN_FLIGHT;
  /** How many may be in flight, as the latest turn found. */
  #limitNow = FIRST_IN_FLIGHT;
  #answers = 0;
  /** On the clock of `performance.now()`. */
  #loweredAt = Number.NEGATIVE_INFINITY;
  #isScheduled = false;
  #onRoom: (() => void)[] = [];

  constructor(parts: LaneParts<J>) {
    this.#parts = parts;
    const { signal } = parts;
    this.#options = { lane: 'bulk', signal };
    signal.addEventListener('abort', () => this.#drop(), { once: true });
  }

  /** Takes a job; it is sent after those that came before. */
  add(job: J): void {
    this.#jobs.push(job);
    this.#goOn();
  }

  /** Whether it takes more jobs without holding too many. */
  get hasRoom(): boolean {
    return this.#waiting < this.#parts.maxWaiting;
  }

  /** Resolves when about half of what waits has been sent. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  get #waiting(): number {
    return this.#jobs.length - this.#head;
  }

  readonly #pump = (): void => {
    this.#isScheduled = false;
    // What waited may have been dropped meanwhile.
    if (this.#waiting === 0) return;
    const { gateway, broker } = this.#parts;
    const servedBy = gateway.servedBy(broker);
    if (servedBy !== this.#servedBy && this.#inFlight > 0) {
      this.#isTurning = true;
      return;
    }
    this.#servedBy = servedBy;
    // What the broker can do changes with its connection, not within a turn.
    const capabilities = gateway.isConnected(broker) ? gateway.capabilities(broker) : undefined;
    if (capabilities?.isKnown === false) {
      this.#isScheduled = true;
      void gateway.capabilitiesKnown(broker).then(this.#pump);
      return;
    }
    // What is refused at once, because the broker is down, does not count as on its way; others have their turn nonetheless.
    const limit = gateway.hasSingles(broker) ? Math.min(this.#limit, IN_FLIGHT_BESIDE_SINGLES) : this.#limit;
    this.#limitNow = limit;
    let left = PER_TURN;
    while (left > 0 && this.#waiting > 0 && this.#inFlight < limit && !this.#isTurning) {
      left -= this.#sendSome(Math.min(left, limit - this.#inFlight), capabilities);
    }
    this.#compact();
    this.#goOn();
  };

  #compact(): void {
    if (this.#head * 2 >= this.#jobs.length) {
      this.#jobs = this.#jobs.slice(this.#head);
      this.#head = 0;
    }
    if (this.#onRoom.length > 0 && this.#waiting <= this.#parts.maxWaiting / 2) {
      for (const goOn of this.#onRoom.splice(0)) goOn();
    }
  }

  /** Sends the next jobs that go over one control topic. @returns how many were taken */
  #sendSome(most: number, capabilities: BrokerCapabilities | undefined): number {
    const jobs: J[] = [];
    const commands: ControlCommand[] = [];
    let taken = 0;
    for (let job = this.#jobs[this.#head]; job !== undefined && taken < most; job = this.#jobs[this.#head]) {
      const plan = this.#plan(job, capabilities);
      if (plan !== undefined && plan.api !== this.#api) {
        this.#isTurning = this.#inFlight + jobs.length > 0;
        if (this.#isTurning) break;
        this.#api = plan.api;
      }
      this.#head += 1;
      taken += 1;
      if (plan === undefined) continue;
      jobs.push(job);
      commands.push(plan.command);
    }
    this.#submit(jobs, commands);
    return taken;
  }

  /** Undefined for a job that has ended because the broker cannot do it. */
  #plan(job: J, capabilities: BrokerCapabilities | undefined): CommandPlan | undefined {
    try {
      return planCommand(job.operation, job.body, capabilities);
    } catch (error) {
      this.#parts.onEnd(job, failedWith(error, this.#parts.requestId));
      return undefined;
    }
  }

  #submit(jobs: readonly J[], commands: readonly ControlCommand[]): void {
    if (this.#api === undefined || jobs.length === 0) return;
    const { gateway, broker, requestId, onEnd } = this.#parts;
    const startedAt = performance.now();
    this.#inFlight += jobs.length;
    gateway.submitAll(broker, this.#api, commands, this.#options, {
      resolve: (data, place) => {
        this.#free(startedAt);
        const job = jobs[place];
        if (job !== undefined) onEnd(job, doneWith(job.operation, data));
      },
      reject: (error, place) => {
        this.#free(startedAt);
        const job = jobs[place];
        if (job !== undefined) onEnd(job, failedWith(error, requestId));
      },
    });
  }

  #free(startedAt: number): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#isTurning = false;
    this.#answers += 1;
    if (this.#answers % LOOK_EVERY === 0) this.#adapt(startedAt);
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isScheduled || this.#isTurning || this.#waiting === 0 || this.#inFlight >= this.#limitNow)
      return;
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
    const ending = failedWith(abortError(this.#parts.signal), this.#parts.requestId);
    for (const job of waiting) this.#parts.onEnd(job, ending);
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
