import type { CommandOutcome } from '../gateway-observer.js';
import type { GatewayError, Outcome } from '../gateway-error.js';
import type { ControlApi } from '../protocol/control-api.js';
import { HEAVY_COMMANDS, type CommandData, type ControlCommand } from '../protocol/control-protocol.js';

/** How a request is to be treated. */
export interface RequestOptions {
  /**
   * `bulk` requests are sent only when no `single` one waits, and do not count against the broker's `maxPending`: whoever
   * makes them bounds how many are on their way. Default: `single`.
   */
  readonly lane?: 'single' | 'bulk';
  /**
   * Aborted before the command was sent, the request is dropped and fails with the signal's reason if that is a
   * {@link GatewayError}, else with `BROKER_UNAVAILABLE`, outcome `not-sent`.
   * One that was sent goes on to its true outcome.
   */
  readonly signal?: AbortSignal;
}

/** Who asks: a caller with one command, a caller with many, or this service itself. */
export type Lane = 'single' | 'bulk' | 'own';

/** Who is told how a request's commands end: for each, by its place among them, one of the two is called, once. */
export interface Settling {
  resolve(data: CommandData, place: number): void;
  reject(error: GatewayError, place: number): void;
}

/** What a request is made of. */
export interface RequestParts {
  /** Its number; its commands are known by this and the numbers that follow. */
  readonly number: number;
  readonly api: ControlApi;
  /** At least one. */
  readonly commands: readonly ControlCommand[];
  /** The commands as JSON, with commas between them. */
  readonly encoded: string;
  /** Size of `encoded`, bytes of UTF-8. */
  readonly bytes: number;
  readonly lane: Lane;
  /** Aborted while the request is queued, it is dropped. */
  readonly signal?: AbortSignal | undefined;
  /** On the clock of `performance.now()`, milliseconds, like `deadlineAt`. */
  readonly startedAt: number;
  readonly deadlineAt: number;
}

/** `sent`: handed to the network in the message of this number. */
export type RequestState =
  | { readonly kind: 'queued' }
  | { readonly kind: 'sent'; readonly message: number }
  | { readonly kind: 'settled' };

const QUEUED: RequestState = { kind: 'queued' };
const SETTLED: RequestState = { kind: 'settled' };

/**
 * A command on its way, or several of one caller that travel together: queued, then perhaps sent, then settled, each command
 * for itself. Only the methods below change its state, each only in that direction: a command is sent at most once, never
 * after it was settled, and settled exactly once.
 */
export class ControlRequest {
  readonly number: number;
  readonly api: ControlApi;
  readonly commands: readonly ControlCommand[];
  readonly encoded: string;
  readonly bytes: number;
  readonly lane: Lane;
  readonly signal: AbortSignal | undefined;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly #settling: Settling;
  readonly #onSettled: (request: ControlRequest, place: number, outcome: CommandOutcome) => void;
  /** Of several commands, those that are settled. */
  readonly #isSettled: Uint8Array | undefined;
  #open: number;
  #state: RequestState = QUEUED;

  /** @param onSettled called once for each command, when it is settled, before its caller is told */
  constructor(
    parts: RequestParts,
    settling: Settling,
    onSettled: (request: ControlRequest, place: number, outcome: CommandOutcome) => void,
  ) {
    this.number = parts.number;
    this.api = parts.api;
    this.commands = parts.commands;
    this.encoded = parts.encoded;
    this.bytes = parts.bytes;
    this.lane = parts.lane;
    this.signal = parts.signal;
    this.startedAt = parts.startedAt;
    this.deadlineAt = parts.deadlineAt;
    this.#settling = settling;
    this.#onSettled = onSettled;
    this.#open = parts.commands.length;
    this.#isSettled = this.#open > 1 ? new Uint8Array(this.#open) : undefined;
  }

  get state(): RequestState {
    return this.#state;
  }

  /** How many commands it has. */
  get size(): number {
    return this.commands.length;
  }

  /** Commands that are not settled yet. */
  get openCount(): number {
    return this.#open;
  }

  get isBulk(): boolean {
    return this.lane === 'bulk';
  }

  /** Whether a message may hold only one such command. */
  get isHeavy(): boolean {
    const [first] = this.commands;
    return first !== undefined && this.commands.length === 1 && HEAVY_COMMANDS.has(first.command);
  }

  /** Whether it still waits to be sent. */
  get isQueued(): boolean {
    return this.#state === QUEUED;
  }

  /** Whether the broker can have executed a command that has not been answered. */
  get outcome(): Outcome {
    return this.#state.kind === 'sent' ? 'unknown' : 'not-sent';
  }

  /** Whether the command at this place is there and not settled. */
  isOpen(place: number): boolean {
    if (this.#state === SETTLED) return false;
    return this.#isSettled === undefined ? place === 0 : this.#isSettled[place] === 0;
  }

  /** The commands are handed to the network, with the others of the message that `sent` names. Only for queued ones. */
  markSent(sent: Extract<RequestState, { kind: 'sent' }>): void {
    if (this.#state === QUEUED) this.#state = sent;
  }

  /** The broker did the command at this place. Nothing happens if it is settled already. */
  succeed(data: CommandData, place = 0): void {
    if (!this.#settle(place, 'OK')) return;
    this.#settling.resolve(data, place);
  }

  /** The command at this place failed. Nothing happens if it is settled already. */
  failOne(error: GatewayError, place: number): void {
    if (!this.#settle(place, error.code)) return;
    this.#settling.reject(error, place);
  }

  /** All that is not settled yet failed. */
  fail(error: GatewayError): void {
    for (let place = 0; this.#open > 0 && place < this.size; place += 1) this.failOne(error, place);
  }

  #settle(place: number, outcome: CommandOutcome): boolean {
    if (!this.isOpen(place)) return false;
    if (this.#isSettled !== undefined) this.#isSettled[place] = 1;
    this.#open -= 1;
    if (this.#open === 0) this.#state = SETTLED;
    this.#onSettled(this, place, outcome);
    return true;
  }
}
