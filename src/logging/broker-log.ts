import type { Logger } from 'pino';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import type { FeatureFinding } from '../broker-gateway/connection/broker-status.js';
import type { CloseReason } from '../broker-gateway/connection/close-reason.js';
import type { BrokerObserver, GatewayObserver } from '../broker-gateway/gateway-observer.js';
import type { ControlApi } from '../broker-gateway/protocol/control-api.js';
import type { ExtensionInfo } from '../broker-gateway/protocol/extension.js';

/** Lines that a broker may cause at once. */
const BURST = 10;
/** Then one line more per this time. */
const REFILL_MS = 30_000;
/** A broker that stays down for the same reason is told again after this long. */
const REMIND_MS = 10 * 60_000;

/** What was last told of a broker that is down. */
interface Outage {
  readonly since: number;
  readonly words: string;
  readonly toldAt: number;
  readonly attempts: number;
}

/**
 * One line in the log for each change of a broker's connection: up (info), down or refused (warn) with the reason and the
 * time to the next attempt, and what the operator should know of its control APIs. Attempts that fail as the one before
 * are not repeated, but counted; a broker that changes all the time is told of now and then, with the number of lines left
 * out.
 */
export class BrokerLog implements GatewayObserver {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  onBrokerAdded({ projectId, brokerId }: BrokerRef): BrokerObserver {
    return new OneBrokerLog(this.#logger.child({ project: projectId, broker: brokerId }));
  }
}

class OneBrokerLog implements BrokerObserver {
  readonly #logger: Logger;
  #outage: Outage | undefined;
  #lines = BURST;
  #filledAt = performance.now();
  #leftOut = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  onConnected(): void {
    const outage = this.#outage;
    this.#outage = undefined;
    const downForMs = outage === undefined ? undefined : Math.round(performance.now() - outage.since);
    this.#line('info', { downForMs, failedAttempts: outage?.attempts }, 'the broker is connected');
  }

  onConnectionFailed(reason: CloseReason, retryInMs: number): void {
    const now = performance.now();
    const { since = now, words, toldAt = 0, attempts = 0 } = this.#outage ?? {};
    const isRepeated = words === reason.message && now - toldAt < REMIND_MS;
    this.#outage = {
      since,
      words: reason.message,
      toldAt: isRepeated ? toldAt : now,
      attempts: attempts + 1,
    };
    if (isRepeated) return;
    const facts = { reason: reason.message, retryInMs, failedAttempts: attempts + 1 };
    this.#line('warn', facts, `${HEADLINES[reason.kind]}: ${reason.message}`);
  }

  onFeature(api: ControlApi, { state, words }: FeatureFinding): void {
    if (state === 'unknown') return;
    // Not every broker has the extension endpoint; a broker without the others is of little use.
    const isProblem = state !== 'available' && api !== 'extension';
    this.#line(isProblem ? 'warn' : 'info', { api, state }, `the control API ${api} is ${state}: ${words}`);
  }

  onDescribed({ plugin, broker, clientId, warnings }: ExtensionInfo, askedClientId: string): void {
    if (clientId !== undefined && clientId !== askedClientId) {
      const advice = 'every replica and every project needs a user name or certificate of its own there';
      this.#line('warn', { clientId }, `the broker gives this connection another client id; ${advice}`);
    }
    for (const warning of warnings)
      this.#line('warn', { plugin, brokerVersion: broker }, `the broker warns: ${warning}`);
  }

  onCommandDenied(api: ControlApi, command: string, words: string): void {
    this.#line('warn', { api, command }, `the broker denied a command: ${words}`);
  }

  onChangePending(lastError: string): void {
    const text = 'the changed configuration of this broker is not in force: its connection does not come up';
    this.#line('warn', { reason: lastError }, `${text}; the one before stays in use: ${lastError}`);
  }

  onChangeTaken(): void {
    this.#line('info', {}, 'the changed configuration of this broker is in force');
  }

  #line(level: 'info' | 'warn', facts: object, text: string): void {
    const now = performance.now();
    const refill = Math.floor((now - this.#filledAt) / REFILL_MS);
    this.#lines = Math.min(BURST, this.#lines + refill);
    this.#filledAt = this.#lines === BURST ? now : this.#filledAt + refill * REFILL_MS;
    if (this.#lines === 0) {
      this.#leftOut += 1;
      return;
    }
    this.#lines -= 1;
    const linesLeftOut = this.#leftOut === 0 ? undefined : this.#leftOut;
    this.#leftOut = 0;
    this.#logger[level]({ ...facts, linesLeftOut }, text);
  }
}

const HEADLINES = {
  denied: 'the broker refuses this service',
  'taken-over': 'the connection to the broker was taken over',
  lost: 'the broker is not connected',
} as const satisfies Record<CloseReason['kind'], string>;
