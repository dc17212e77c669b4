import type { CommandOutcome } from '../gateway-observer.js';
import type { GatewayError, Outcome } from '../gateway-error.js';
import type { ControlApi } from '../protocol/control-api.js';
import { HEAVY_COMMANDS, type CommandData } from '../protocol/control-protocol.js';

/** How a request is to be treated. */
export interface RequestOptions {
  /**
   * `bulk` requests are sent only when no `single` one waits, and do not count against the broker's `maxPending`: whoever
   * makes them bounds how many are on their way. Default: `single`.
   */
  readonly lane?: 'single' | 'bulk';
  /**
   * Aborted before the command was sent, the request is dropped and fails with `BROKER_UNAVAILABLE`, outcome `not-sent`.
   * One that was sent goes on to its true outcome.
   */
  readonly signal?: AbortSignal;
}

/** Who asks: a caller with one command, a caller with many, or this service itself. */
export type Lane = 'single' | 'bulk' | 'own';

/** What a request is made of. */
export interface RequestParts {
  /** Correlation id. */
  readonly id: string;
  readonly api: ControlApi;
  /** The command's name. */
  readonly command: string;
  /** For errors that name the client. */
  readonly clientid: unknown;
  /** The command as JSON. */
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
 * A command on its way: queued, then perhaps sent, then settled. Only the methods below change its state, each only in
 * that direction: it is sent at most once, never after it was settled, and settled exactly once.
 */
export class ControlRequest {
  readonly id: string;
  readonly api: ControlApi;
  readonly command: string;
  readonly clientid: unknown;
  readonly encoded: string;
  readonly bytes: number;
  readonly lane: Lane;
  readonly signal: AbortSignal | undefined;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly #resolve: (data: CommandData) => void;
  readonly #reject: (error: GatewayError) => void;
  readonly #onSettled: (request: ControlRequest, outcome: CommandOutcome) => void;
  #state: RequestState = QUEUED;

  /** @param onSettled called once, when the request is settled, before its promise is */
  constructor(
    parts: RequestParts,
    resolve: (data: CommandData) => void,
    reject: (error: GatewayError) => void,
    onSettled: (request: ControlRequest, outcome: CommandOutcome) => void,
  ) {
    this.id = parts.id;
    this.api = parts.api;
    this.command = parts.command;
    this.clientid = parts.clientid;
    this.encoded = parts.encoded;
    this.bytes = parts.bytes;
    this.lane = parts.lane;
    this.signal = parts.signal;
    this.startedAt = parts.startedAt;
    this.deadlineAt = parts.deadlineAt;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onSettled = onSettled;
  }

  get state(): RequestState {
    return this.#state;
  }

  get isBulk(): boolean {
    return this.lane === 'bulk';
  }

  /** Whether a message may hold only one such command. */
  get isHeavy(): boolean {
    return HEAVY_COMMANDS.has(this.command);
  }

  /** Whether it still waits to be sent. */
  get isQueued(): boolean {
    return this.#state === QUEUED;
  }

  /** Whether the broker can have executed the command, if there is no answer to it. */
  get outcome(): Outcome {
    return this.#state.kind === 'sent' ? 'unknown' : 'not-sent';
  }

  /** The command is handed to the network, with the others of the message that `sent` names. Only for queued ones. */
  markSent(sent: Extract<RequestState, { kind: 'sent' }>): void {
    if (this.#state === QUEUED) this.#state = sent;
  }

  /** The broker did it. Nothing happens if it is settled already. */
  succeed(data: CommandData): void {
    if (this.#state === SETTLED) return;
    this.#state = SETTLED;
    this.#onSettled(this, 'OK');
    this.#resolve(data);
  }

  /** It failed. Nothing happens if it is settled already. */
  fail(error: GatewayError): void {
    if (this.#state === SETTLED) return;
    this.#state = SETTLED;
    this.#onSettled(this, error.code);
    this.#reject(error);
  }
}
