import type { BrokerConfig } from '../../config/config.js';
import { BrokerConnection, type CloseReason, type ConnectionLimits } from './broker-connection.js';
import type { ConnectionState } from './broker-status.js';
import type { ControlApi } from '../protocol/control-api.js';
import { reconnectDelayMs } from './reconnect-policy.js';

/** A link's state, with what belongs to it. */
export type LinkState =
  | { readonly kind: 'connecting'; readonly connection: BrokerConnection }
  | {
      readonly kind: 'connected';
      readonly connection: BrokerConnection;
      readonly limits: ConnectionLimits;
      readonly openedAt: number;
    }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout; readonly retryAt: number }
  | { readonly kind: 'closed' };

/** Whoever uses a link. */
export interface LinkHandlers {
  /** Connected and subscribed. Comes before any message of this connection. */
  readonly onUp: (limits: ConnectionLimits) => void;
  /** An open connection is gone. */
  readonly onDown: (reason: CloseReason) => void;
  readonly onMessage: (api: ControlApi, payload: Buffer, retained: boolean) => void;
  /** The visible state or the last error changed. */
  readonly onStateChange: (state: ConnectionState, lastError: string | null) => void;
}

/** A connection that lived this long was a good one: the next attempt starts again at the shortest delay. */
const STABLE_AFTER_MS = 1000;

/** Keeps one MQTT connection to a broker open: connects, reconnects with exponential backoff and full jitter, for ever, until closed. */
export class BrokerLink {
  readonly #config: BrokerConfig;
  readonly #clientId: string;
  readonly #handlers: LinkHandlers;
  #state: LinkState = { kind: 'closed' };
  #attempt = 0;
  #denial: Extract<CloseReason, { kind: 'denied' }> | undefined;
  #lastError: string | null = null;
  #visible: ConnectionState = 'connecting';
  #since = Date.now();

  constructor(config: BrokerConfig, clientId: string, handlers: LinkHandlers) {
    this.#config = config;
    this.#clientId = clientId;
    this.#handlers = handlers;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The refusal that keeps this link down; undefined while there is none. */
  get denial(): Extract<CloseReason, { kind: 'denied' }> | undefined {
    return this.#denial;
  }

  get visibleState(): ConnectionState {
    return this.#visible;
  }

  /** When the visible state began, epoch milliseconds. */
  get since(): number {
    return this.#since;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** Milliseconds until it makes sense to try again: the time to the next attempt, at least one second. */
  get retryAfterMs(): number {
    const wait = this.#state.kind === 'waiting' ? this.#state.retryAt - Date.now() : 0;
    return Math.max(wait, 1000);
  }

  /** Begins to connect. */
  open(): void {
    this.#connect();
  }

  /** Ends the connection politely and for good. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'waiting') clearTimeout(state.timer);
    if (state.kind === 'connecting' || state.kind === 'connected') await state.connection.close();
    this.#show('disconnected');
  }

  #connect(): void {
    // Each connection has handlers of its own, and reports its end once; what an old one says cannot reach a new one.
    const connection: BrokerConnection = new BrokerConnection(this.#config, this.#clientId, {
      onOpen: (limits) => this.#onOpen(connection, limits),
      onMessage: this.#handlers.onMessage,
      onClose: (reason) => this.#onClose(reason),
    });
    this.#state = { kind: 'connecting', connection };
    // A refused link shows that it is refused until an attempt succeeds or fails otherwise.
    if (this.#denial === undefined) this.#show('connecting');
  }

  #onOpen(connection: BrokerConnection, limits: ConnectionLimits): void {
    if (this.#state.kind === 'closed') return;
    this.#state = { kind: 'connected', connection, limits, openedAt: Date.now() };
    this.#denial = undefined;
    this.#lastError = null;
    this.#handlers.onUp(limits);
    this.#show('connected');
  }

  #onClose(reason: CloseReason): void {
    const before = this.#state;
    if (before.kind !== 'closed') this.#scheduleReconnect(before);
    this.#lastError = reason.message;
    this.#denial = reason.kind === 'denied' ? reason : undefined;
    if (before.kind === 'connected') this.#handlers.onDown(reason);
    this.#show(reason.kind === 'denied' ? 'denied' : 'disconnected');
  }

  #scheduleReconnect(before: LinkState): void {
    if (before.kind === 'connected' && Date.now() - before.openedAt >= STABLE_AFTER_MS) this.#attempt = 0;
    const delayMs = reconnectDelayMs(this.#attempt, this.#config.reconnect, Math.random());
    this.#attempt += 1;
    this.#state = {
      kind: 'waiting',
      timer: setTimeout(() => this.#connect(), delayMs),
      retryAt: Date.now() + delayMs,
    };
  }

  #show(visible: ConnectionState): void {
    if (visible !== this.#visible) this.#since = Date.now();
    this.#visible = visible;
    this.#handlers.onStateChange(visible, this.#lastError);
  }
}
