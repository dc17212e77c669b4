import { setMaxListeners } from 'node:events';
import { abortError, type GatewayError } from '../gateway-error.js';
import type { CommandOutcome } from '../gateway-observer.js';
import type { ControlApi } from '../protocol/control-api.js';
import type { EncodedCommands } from '../protocol/control-protocol.js';
import { ControlRequest, type Lane, type Settling } from './control-request.js';
import { PendingRequests } from './pending-requests.js';

/** Whoever uses a {@link RequestTable}. */
export interface RequestTableHandlers {
  /** The deadline of these passed, oldest first; they are to be failed. */
  readonly onExpired: (expired: readonly ControlRequest[]) => void;
  readonly onSettled: (request: ControlRequest, place: number, outcome: CommandOutcome) => void;
}

/** Correlation ids of one request, and so the most commands that it may have. */
export const MAX_COMMANDS = 1024;
const RADIX = 36;
const SINGLES_STAY_MS = 50;

/** A broker's requests that are not settled yet, and the correlation ids of their commands. A settled request is gone from here. */
export class RequestTable {
  readonly #idPrefix: string;
  readonly #timeoutMs: number;
  readonly #handlers: RequestTableHandlers;
  readonly #pending: PendingRequests<ControlRequest>;
  readonly #counts: Record<Lane, number> = { single: 0, bulk: 0, own: 0 };
  /** The queued requests of each signal. */
  readonly #bySignal = new Map<AbortSignal, Set<ControlRequest>>();
  #sequence = 0;
  /** When a single command was last settled, on the clock of `performance.now()`. */
  #singleAt = Number.NEGATIVE_INFINITY;
  #onIdle: (() => void) | undefined;

  /**
   * @param idPrefix makes correlation ids unique across processes and restarts
   * @param timeoutMs from the request's making to its deadline
   */
  constructor(idPrefix: string, timeoutMs: number, handlers: RequestTableHandlers) {
    this.#idPrefix = idPrefix;
    this.#timeoutMs = timeoutMs;
    this.#handlers = handlers;
    this.#pending = new PendingRequests(handlers.onExpired);
  }

  /** The number of the next request. */
  nextNumber(): number {
    return this.#sequence++;
  }

  /** The correlation id of the command at this place of a request. */
  idOf(number: number, place: number): string {
    return `${this.#idPrefix}${(number * MAX_COMMANDS + place).toString(RADIX)}`;
  }

  /** Makes a request of encoded commands, whose ids are those of {@link idOf}. */
  add(
    api: ControlApi,
    number: number,
    { commands, encoded, bytes }: EncodedCommands,
    { lane, signal }: { readonly lane: Lane; readonly signal: AbortSignal | undefined },
    settling: Settling,
  ): ControlRequest {
    const startedAt = performance.now();
    const deadlineAt = startedAt + this.#timeoutMs;
    const parts = { number, api, commands, encoded, bytes, lane, signal, startedAt, deadlineAt };
    const request = new ControlRequest(parts, settling, this.#onSettled);
    this.#pending.add(request);
    this.#counts[lane] += request.size;
    if (signal !== undefined) this.#watch(signal, request);
    return request;
  }

  /** Which command a correlation id names; undefined for an id that is not of this table. */
  addressOf(id: string): number | undefined {
    if (!this.isOurs(id)) return undefined;
    const start = this.#idPrefix.length;
    let address = 0;
    for (let at = start; at < id.length; at += 1) {
      const digit = digitOf(id.charCodeAt(at));
      if (digit === -1) return undefined;
      address = address * RADIX + digit;
    }
    return id.length > start && Number.isSafeInteger(address) ? address : undefined;
  }

  /** The request that has the command of an address, unless it is settled; its place there is {@link placeOf}. */
  find(address: number): ControlRequest | undefined {
    return this.#pending.get(Math.floor(address / MAX_COMMANDS));
  }

  placeOf(address: number): number {
    return address % MAX_COMMANDS;
  }

  /** Whether a correlation id is one of this table's, settled or not. */
  isOurs(id: string): boolean {
    return id.startsWith(this.#idPrefix);
  }

  /** Commands in a lane that are not settled. */
  count(lane: Lane): number {
    return this.#counts[lane];
  }

  /** Whether callers with one command wait, or did a moment ago: the next ones are likely to come. */
  get hasSingles(): boolean {
    return this.#counts.single > 0 || performance.now() - this.#singleAt < SINGLES_STAY_MS;
  }

  /** Requests that were sent to an API, oldest first. */
  sentTo(api: ControlApi): ControlRequest[] {
    return this.#pending.all().filter((request) => request.api === api && request.state.kind === 'sent');
  }

  /** Fails all, oldest first. */
  failAll(errorOf: (request: ControlRequest) => GatewayError): void {
    for (const request of this.#pending.all()) request.fail(errorOf(request));
  }

  /** Resolves when no request of a caller is left. */
  async whenIdle(): Promise<void> {
    if (!this.#isIdle) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  /** Stops the timer. Call it when nothing will be added any more. */
  close(): void {
    this.#pending.close();
  }

  get #isIdle(): boolean {
    return this.#counts.single + this.#counts.bulk === 0;
  }

  readonly #onSettled = (request: ControlRequest, place: number, outcome: CommandOutcome): void => {
    this.#counts[request.lane] -= 1;
    if (request.lane === 'single') this.#singleAt = performance.now();
    if (request.openCount === 0) {
      this.#pending.remove(request.number);
      if (request.signal !== undefined) this.#unwatch(request.signal, request);
    }
    this.#handlers.onSettled(request, place, outcome);
    if (this.#isIdle) this.#onIdle?.();
  };

  #watch(signal: AbortSignal, request: ControlRequest): void {
    let requests = this.#bySignal.get(signal);
    if (requests === undefined) {
      // One listener for each broker: with many brokers more than Node takes for a leak.
      setMaxListeners(0, signal);
      requests = new Set();
      this.#bySignal.set(signal, requests);
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    requests.add(request);
  }

  #unwatch(signal: AbortSignal, request: ControlRequest): void {
    const requests = this.#bySignal.get(signal);
    requests?.delete(request);
    if (requests?.size !== 0) return;
    this.#bySignal.delete(signal);
    signal.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = ({ target }: Event): void => {
    const signal = target as AbortSignal;
    for (const request of [...(this.#bySignal.get(signal) ?? [])]) {
      if (request.isQueued) request.fail(abortError(signal));
    }
  };
}

/** The value of a digit as `toString(36)` writes it; -1 for what is none. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x7a ? code - 0x61 + 10 : -1;
}
