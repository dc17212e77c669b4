import { setMaxListeners } from 'node:events';
import { requestAborted, type GatewayError } from '../gateway-error.js';
import type { CommandOutcome } from '../gateway-observer.js';
import type { ControlApi } from '../protocol/control-api.js';
import { encodeCommand, type CommandData, type ControlCommand } from '../protocol/control-protocol.js';
import { ControlRequest, type Lane } from './control-request.js';
import { PendingRequests } from './pending-requests.js';

/** Whoever uses a {@link RequestTable}. */
export interface RequestTableHandlers {
  /** The deadline of these passed, oldest first; they are to be failed. */
  readonly onExpired: (expired: readonly ControlRequest[]) => void;
  readonly onSettled: (request: ControlRequest, outcome: CommandOutcome) => void;
}

/** Who is told how a request ended: one of the two is called, once. */
export interface Settling {
  readonly resolve: (data: CommandData) => void;
  readonly reject: (error: GatewayError) => void;
}

/** A command, encoded, that is to become a request. */
export interface EncodedCommand {
  readonly id: string;
  readonly encoded: string;
  readonly bytes: number;
}

/** A broker's requests that are not settled yet, by correlation id. A settled request is gone from here. */
export class RequestTable {
  readonly #idPrefix: string;
  readonly #timeoutMs: number;
  readonly #handlers: RequestTableHandlers;
  readonly #pending: PendingRequests<ControlRequest>;
  readonly #counts: Record<Lane, number> = { single: 0, bulk: 0, own: 0 };
  /** The queued requests of each signal. */
  readonly #bySignal = new Map<AbortSignal, Set<ControlRequest>>();
  #sequence = 0;
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

  /** Gives a command its correlation id and writes it as JSON. */
  encode(command: ControlCommand): EncodedCommand {
    const id = `${this.#idPrefix}${(this.#sequence++).toString(36)}`;
    const { encoded, bytes } = encodeCommand(command, id);
    return { id, encoded, bytes };
  }

  /** Makes a request of an encoded command. It is settled by one call of `resolve` or `reject`. */
  add(
    api: ControlApi,
    { command, clientid }: ControlCommand,
    { id, encoded, bytes }: EncodedCommand,
    { lane, signal }: { readonly lane: Lane; readonly signal: AbortSignal | undefined },
    { resolve, reject }: Settling,
  ): ControlRequest {
    const startedAt = performance.now();
    const deadlineAt = startedAt + this.#timeoutMs;
    const parts = { id, encoded, bytes, api, command, clientid, lane, signal, startedAt, deadlineAt };
    const request = new ControlRequest(parts, resolve, reject, this.#onSettled);
    this.#pending.add(request);
    this.#counts[lane] += 1;
    if (signal !== undefined) this.#watch(signal, request);
    return request;
  }

  find(id: string): ControlRequest | undefined {
    return this.#pending.get(id);
  }

  /** Whether a correlation id is one of this table's, settled or not. */
  isOurs(id: string): boolean {
    return id.startsWith(this.#idPrefix);
  }

  /** Requests in a lane. */
  count(lane: Lane): number {
    return this.#counts[lane];
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

  readonly #onSettled = (request: ControlRequest, outcome: CommandOutcome): void => {
    this.#pending.remove(request.id);
    this.#counts[request.lane] -= 1;
    if (request.signal !== undefined) this.#unwatch(request.signal, request);
    this.#handlers.onSettled(request, outcome);
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
    for (const request of [...(this.#bySignal.get(target as AbortSignal) ?? [])]) {
      if (request.isQueued) request.fail(requestAborted());
    }
  };
}
