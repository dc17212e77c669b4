import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerConfig } from '../../config/config.js';
import type { FeatureFinding } from '../connection/broker-status.js';
import type { CloseReason } from '../connection/close-reason.js';
import { RetainedConnection, type Snapshot } from '../connection/retained-connection.js';
import { GatewayError } from '../gateway-error.js';
import type { ControlCommand } from '../protocol/control-protocol.js';
import {
  changesBetween,
  deliverCommand,
  type RetainedGap,
  type RetainedMessage,
  type RetainedOutcome,
  type RetainedTarget,
} from '../protocol/retained-message.js';

/** The connection that reads is kept so long for the next one. */
const IDLE_MS = 5000;
/** After the broker refused or dropped it, it is not tried again for so long. */
const REST_MS = 5000;
/** The pauses before each further look at what is retained, in the hope that it no longer changes; milliseconds. */
const LOOK_AGAIN_AFTER_MS = [0, 0, 2, 4, 8, 16, 32];

/** What a {@link RetainedDelivery} works with. */
export interface RetainedParts {
  /** The client id for the next connection that reads. */
  readonly nextClientId: () => string;
  /** Why no second connection may be opened; undefined where it may. */
  readonly obstacle: () => string | undefined;
  /** Sends a command to the extension endpoint; rejects with a {@link GatewayError}. */
  readonly send: (command: ControlCommand, signal: AbortSignal | undefined) => Promise<unknown>;
}

interface Job {
  readonly target: RetainedTarget;
  readonly signal: AbortSignal | undefined;
  /** On the clock of `performance.now()`, milliseconds. */
  readonly deadlineAt: number;
  readonly resolve: (outcome: RetainedOutcome) => void;
}

/**
 * Hands clients the retained messages of subscriptions that were made on their behalf, where the broker leaves that to who
 * commands it: reads them with a short subscription of this service's own, and gives each to the client with
 * `deliverRetained`.
 *
 * One client after the other, singles before bulk, so that what is held of all this is bounded: 500 messages and 4 MiB. What a
 * client is handed is looked at again afterwards, until it is what the broker retains: no older message comes after a newer
 * one for good.
 */
export class RetainedDelivery {
  readonly #config: BrokerConfig;
  readonly #parts: RetainedParts;
  readonly #jobs: Record<'single' | 'bulk', Job[]> = { single: [], bulk: [] };
  #connection: RetainedConnection | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #isWorking = false;
  /** Resolves when all jobs are done. */
  #working: Promise<void> = Promise.resolve();
  #isClosed = false;
  #problem: FeatureFinding | undefined;
  #restsUntil = Number.NEGATIVE_INFINITY;

  constructor(config: BrokerConfig, parts: RetainedParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** What keeps it from working now; undefined if nothing is known to. */
  get problem(): FeatureFinding | undefined {
    return this.#problem;
  }

  /**
   * Hands over what is retained, within the broker's `requestTimeoutMs`, waiting included. Never rejects.
   *
   * @param signal aborted, no more messages are sent
   */
  handOver(
    target: RetainedTarget,
    lane: 'single' | 'bulk',
    signal: AbortSignal | undefined,
  ): Promise<RetainedOutcome> {
    return new Promise((resolve) => {
      const deadlineAt = performance.now() + this.#config.requestTimeoutMs;
      this.#jobs[lane].push({ target, signal, deadlineAt, resolve });
      if (!this.#isWorking) this.#working = this.#work();
    });
  }

  /** Resolves when nothing is going on. */
  async whenIdle(): Promise<void> {
    while (this.#isWorking) await this.#working;
  }

  /** Ends what is going on and the connection. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#connection?.close();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    clearTimeout(this.#idleTimer);
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      const outcome = this.#run(job).catch((): RetainedOutcome => ({ delivered: 0, incomplete: 'lost' }));
      job.resolve(await outcome);
    }
    this.#isWorking = false;
    this.#idleTimer = setTimeout(() => this.#connection?.close(), IDLE_MS).unref();
  }

  #next(): Job | undefined {
    return this.#jobs.single.shift() ?? this.#jobs.bulk.shift();
  }

  async #run(job: Job): Promise<RetainedOutcome> {
    const handed = new Map<string, RetainedMessage>();
    const outcome = (incomplete?: RetainedGap): RetainedOutcome => {
      const delivered = [...handed.values()].filter(({ payload }) => payload.length > 0).length;
      return incomplete === undefined ? { delivered } : { delivered, incomplete };
    };
    const first = await this.#read(job);
    const refusal = await this.#send(job, changesBetween(handed, first.messages), handed);
    if (handed.size === 0 || first.gap !== undefined || refusal !== undefined)
      return outcome(first.gap ?? refusal);
    for (const pauseMs of LOOK_AGAIN_AFTER_MS) {
      if (pauseMs > 0) await delay(pauseMs);
      const { messages, gap } = await this.#read(job);
      // Nobody knows what an incomplete one lacks.
      if (gap !== undefined) return outcome(gap);
      const changes = changesBetween(handed, messages);
      if (changes.length === 0) return outcome();
      const refused = await this.#send(job, changes, handed);
      if (refused !== undefined) return outcome(refused);
    }
    return outcome('changing');
  }

  async #read({ target, signal, deadlineAt }: Job): Promise<Snapshot> {
    const now = performance.now();
    if (this.#isClosed) return nothing('lost');
    if (deadlineAt <= now || signal?.aborted === true) return nothing('time');
    const obstacle = this.#parts.obstacle();
    if (obstacle !== undefined) {
      this.#problem = { state: 'unsupported', since: this.#problem?.since ?? Date.now(), words: obstacle };
      return nothing('denied');
    }
    if (this.#connection === undefined || this.#connection.isClosed) {
      if (now < this.#restsUntil) return nothing(this.#problem === undefined ? 'lost' : 'denied');
      this.#connection = new RetainedConnection(this.#config, this.#parts.nextClientId());
    }
    const connection = this.#connection;
    const snapshot = await connection.read(target.topic, target.qos, deadlineAt - now);
    this.#note(snapshot.gap, connection.closeReason);
    return snapshot;
  }

  #note(gap: RetainedGap | undefined, reason: CloseReason | undefined): void {
    const isRefused = gap === 'denied' && reason?.kind === 'denied';
    // A refused subscription says nothing of the next one.
    const isLogin = isRefused && reason.what === 'login';
    if (isLogin || gap === 'lost') this.#restsUntil = performance.now() + REST_MS;
    this.#problem = isRefused
      ? { state: 'denied', since: Date.now(), words: reason.message }
      : gap === 'lost'
        ? this.#problem
        : undefined;
  }

  /** @returns why not all were taken */
  async #send(
    { target, signal }: Job,
    messages: readonly RetainedMessage[],
    handed: Map<string, RetainedMessage>,
  ): Promise<RetainedGap | undefined> {
    const endings = await Promise.all(
      messages.map((message) =>
        this.#parts.send(deliverCommand(target, message), signal).then(
          () => {
            handed.set(message.topic, message);
            return undefined;
          },
          (error: unknown) => gapOf(error),
        ),
      ),
    );
    return endings.find((gap) => gap !== undefined);
  }
}

function nothing(gap: RetainedGap): Snapshot {
  return { messages: new Map(), gap };
}

function gapOf(error: unknown): RetainedGap {
  if (!(error instanceof GatewayError)) return 'lost';
  switch (error.code) {
    case 'BROKER_TIMEOUT':
    case 'BROKER_BUSY':
      return 'time';
    case 'BROKER_UNAVAILABLE':
    case 'SHUTTING_DOWN':
      return 'lost';
    default:
      return 'refused';
  }
}
