import type { BrokerConfig } from '../../config/config.js';
import type { ControlApi } from '../protocol/control-api.js';
import type { BrokerLimits } from './broker-limits.js';
import type { ConnectionState } from './broker-status.js';
import type { CloseReason, Denial } from './close-reason.js';
import type { ConnectGate } from './connect-gate.js';
import { MqttConnection } from './mqtt-connection.js';
import { SESSION_TAKEN_OVER } from './reason-codes.js';
import { reconnectDelayMs } from './reconnect-policy.js';
import { TakeoverWatch } from './takeover-watch.js';

/** The state of a {@link KeptConnection}, with what belongs to it. */
export type KeptState =
  /** Waits for its turn to begin an attempt. */
  | { readonly kind: 'queued'; readonly leave: () => void }
  | { readonly kind: 'connecting'; readonly connection: MqttConnection }
  | {
      readonly kind: 'connected';
      readonly connection: MqttConnection;
      readonly limits: BrokerLimits;
      readonly openedAt: number;
    }
  /** Waits for the next attempt. Both times are on the clock of `performance.now()`. */
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout; readonly retryAt: number }
  | { readonly kind: 'closed' };

/** Whoever uses a {@link KeptConnection}. */
export interface KeptConnectionHandlers {
  /** The client id for the next attempt. */
  readonly nextClientId: () => string;
  /** Connected and subscribed. Comes before any message of this connection. */
  readonly onUp: (limits: BrokerLimits, clientId: string) => void;
  /** An open connection is gone. */
  readonly onDown: () => void;
  /** An attempt failed, or an open connection is gone; the next attempt comes in so many milliseconds. */
  readonly onFailure: (reason: CloseReason, retryInMs: number) => void;
  readonly onMessage: (api: ControlApi, payload: Buffer, retained: boolean) => void;
  /** The visible state or the last error changed. */
  readonly onStateChange: (state: ConnectionState) => void;
}

/** A connection that lived this long was a good one: the next attempt starts again at the shortest delay. */
const STABLE_AFTER_MS = 1000;

/**
 * Keeps one MQTT connection to a broker open: connects, reconnects with exponential backoff and full jitter, for ever,
 * until closed. Each attempt has a client id of its own, so that nobody who saw one can take the next one's place.
 */
export class KeptConnection {
  /** Resolves when the first attempt has succeeded or failed, or there will be none. */
  readonly whenTried: Promise<void>;
  readonly #config: BrokerConfig;
  readonly #gate: ConnectGate;
  readonly #handlers: KeptConnectionHandlers;
  readonly #takeovers = new TakeoverWatch();
  #state: KeptState = { kind: 'closed' };
  #isFirstAttempt = true;
  #attempt = 0;
  #denial: Denial | undefined;
  #lastError: string | null = null;
  #certificateExpiresAt: number | null = null;
  #visible: ConnectionState = 'connecting';
  #since = Date.now();
  #tried!: () => void;

  constructor(config: BrokerConfig, gate: ConnectGate, handlers: KeptConnectionHandlers) {
    this.#config = config;
    this.#gate = gate;
    this.#handlers = handlers;
    this.whenTried = new Promise((resolve) => (this.#tried = resolve));
  }

  get state(): KeptState {
    return this.#state;
  }

  /** The refusal that keeps this connection down; undefined while there is none. */
  get denial(): Denial | undefined {
    return this.#denial;
  }

  get visibleState(): ConnectionState {
    return this.#visible;
  }

  /** When the visible state began, epoch milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** When the broker's certificate ends, epoch milliseconds, as it was at the latest login; null without TLS. */
  get certificateExpiresAt(): number | null {
    return this.#certificateExpiresAt;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** Milliseconds until it makes sense to try again: the time to the next attempt, at least one second. */
  get retryAfterMs(): number {
    const wait = this.#state.kind === 'waiting' ? this.#state.retryAt - performance.now() : 0;
    return Math.max(wait, 1000);
  }

  /** Begins to connect. */
  open(): void {
    this.#queue();
  }

  /** Ends the connection politely and for good. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    if (state.kind === 'waiting') clearTimeout(state.timer);
    if (state.kind === 'queued') state.leave();
    if (state.kind === 'connecting' || state.kind === 'connected') await state.connection.close();
    this.#show('disconnected');
  }

  #queue(): void {
    // The gate may let us through at once, which sets the next state.
    let isThrough = false;
    const leave = this.#gate.enter(() => {
      isThrough = true;
      this.#connect();
    }, this.#isFirstAttempt);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set in the callback
    if (!isThrough) this.#state = { kind: 'queued', leave };
  }

  #connect(): void {
    this.#isFirstAttempt = false;
    // Each connection has handlers of its own, and reports its end once; what an old one says cannot reach a new one.
    const connection: MqttConnection = new MqttConnection(this.#config, this.#handlers.nextClientId(), {
      onOpen: (limits, clientId) => this.#onOpen(connection, limits, clientId),
      onMessage: this.#handlers.onMessage,
      onClose: (reason) => this.#onClose(reason),
    });
    this.#state = { kind: 'connecting', connection };
    // A refused connection shows that it is refused until an attempt succeeds or fails otherwise.
    if (this.#denial === undefined) this.#show('connecting');
  }

  #onOpen(connection: MqttConnection, limits: BrokerLimits, clientId: string): void {
    if (this.#state.kind === 'closed') return;
    this.#state = { kind: 'connected', connection, limits, openedAt: performance.now() };
    this.#denial = undefined;
    this.#lastError = null;
    this.#certificateExpiresAt = connection.certificateExpiresAt ?? null;
    this.#handlers.onUp(limits, clientId);
    this.#show('connected');
  }

  #onClose(reason: CloseReason): void {
    const before = this.#state;
    if (before.kind === 'closed') {
      this.#lastError = reason.message;
      return;
    }
    const livedMs = before.kind === 'connected' ? performance.now() - before.openedAt : 0;
    const restMs =
      reason.kind === 'taken-over'
        ? this.#takeovers.onTakeover(performance.now(), livedMs, Math.random())
        : undefined;
    const told = restMs === undefined ? reason : takeoverWar(restMs);
    const retryInMs = this.#scheduleReconnect(livedMs, restMs);
    this.#lastError = told.message;
    this.#denial = told.kind === 'denied' ? told : undefined;
    this.#handlers.onFailure(told, retryInMs);
    if (before.kind === 'connected') this.#handlers.onDown();
    this.#show(told.kind === 'denied' ? 'denied' : 'disconnected');
  }

  #scheduleReconnect(livedMs: number, restMs: number | undefined): number {
    if (livedMs >= STABLE_AFTER_MS) this.#attempt = 0;
    const delayMs = restMs ?? reconnectDelayMs(this.#attempt, this.#config.reconnect, Math.random());
    this.#attempt += 1;
    this.#state = {
      kind: 'waiting',
      timer: setTimeout(() => this.#queue(), delayMs),
      retryAt: performance.now() + delayMs,
    };
    return delayMs;
  }

  #show(visible: ConnectionState): void {
    if (visible !== this.#visible) this.#since = Date.now();
    this.#visible = visible;
    this.#handlers.onStateChange(visible);
    if (visible !== 'connecting') this.#tried();
  }
}

function takeoverWar(restMs: number): Denial {
  const message =
    'another connection with the same client id takes this one over again and again; ' +
    `this one rests for ${Math.round(restMs / 1000)} s. Look at the broker's use_username_as_clientid and ` +
    'use_identity_as_username: with them every replica and every project needs a user name or certificate of its own';
  return { kind: 'denied', what: 'takeover', reasonCode: SESSION_TAKEN_OVER, message };
}
