import type { BrokerConfig } from '../../config/config.js';
import type { BrokerLimits } from '../connection/broker-limits.js';
import type { ConnectionState, FeatureFinding } from '../connection/broker-status.js';
import type { ConnectGate } from '../connection/connect-gate.js';
import { KeptConnection } from '../connection/kept-connection.js';
import {
  abortError,
  brokerBusy,
  brokerDenied,
  brokerTimeout,
  brokerUnavailable,
  shuttingDown,
  type GatewayError,
} from '../gateway-error.js';
import type { BrokerObserver } from '../gateway-observer.js';
import type { ControlApi } from '../protocol/control-api.js';
import {
  encodeCommands,
  type CommandData,
  type ControlCommand,
  type EventBatch,
} from '../protocol/control-protocol.js';
import { retainedFinding } from '../protocol/retained-finding.js';
import type { RetainedTarget } from '../protocol/retained-message.js';
import { ApiSurvey } from './api-survey.js';
import type { ClientStats } from './client-stats.js';
import type { ControlRequest, Lane, RequestOptions, Settling } from './control-request.js';
import { MessageSender } from './message-sender.js';
import { ReplyReader } from './reply-reader.js';
import { MAX_COMMANDS, RequestTable } from './request-table.js';
import { RetainedDelivery } from './retained-delivery.js';

/** What a {@link BrokerClient} needs besides its configuration. */
export interface ClientParts {
  readonly gate: ConnectGate;
  /** The client id for the next attempt to connect. */
  readonly nextClientId: () => string;
  /** What {@link BrokerClient.clientId} or the survey says of the connection's client id changed. */
  readonly onIdentity: () => void;
  /** The client id for the next connection that reads retained messages. */
  readonly nextReaderId: () => string;
  /** Makes correlation ids unique across processes and restarts. */
  readonly idPrefix: string;
  readonly stats: ClientStats;
  readonly observer: BrokerObserver;
  /** The connection's visible state changed. */
  readonly onStateChange: (state: ConnectionState) => void;
  readonly onEvents: (events: EventBatch) => void;
}

/**
 * Requests to one broker and their answers, over one kept connection.
 *
 * Guarantees: every request settles exactly once, within the broker's `requestTimeoutMs`, time in the queue included.
 * A command is sent at most once, and never after its caller was answered. Without a connection a request fails at
 * once; a lost connection fails all that is in flight at once. Answers that match no request are counted and ignored.
 */
export class BrokerClient {
  readonly connection: KeptConnection;
  readonly survey: ApiSurvey;
  readonly #config: BrokerConfig;
  readonly #parts: ClientParts;
  readonly #table: RequestTable;
  readonly #sender: MessageSender;
  readonly #reader: ReplyReader;
  /** Only where retained messages are to be handed over. */
  readonly #delivery: RetainedDelivery | undefined;
  #clientId: string | undefined;
  #draining = false;

  constructor(config: BrokerConfig, parts: ClientParts) {
    const { stats, observer } = parts;
    this.#config = config;
    this.#parts = parts;
    this.connection = new KeptConnection(config, parts.gate, {
      nextClientId: () => {
        const clientId = parts.nextClientId();
        this.#identify(clientId);
        return clientId;
      },
      onUp: (limits, clientId) => this.#onUp(limits, clientId),
      onDown: () => this.#onDown(),
      onFailure: (reason, retryInMs) => {
        stats.countFailure(reason);
        observer.onConnectionFailed?.(reason, retryInMs);
      },
      onMessage: (api, payload, retained) => this.#reader.read(api, payload, retained),
      onStateChange: parts.onStateChange,
    });
    this.#table = new RequestTable(parts.idPrefix, config.requestTimeoutMs, {
      onExpired: (expired) => this.#expire(expired),
      onSettled: ({ commands, lane, startedAt }, place, outcome) => {
        const command = commands[place]?.command ?? '';
        if (lane !== 'own') observer.onSettled?.(command, outcome, performance.now() - startedAt);
      },
    });
    this.survey = new ApiSurvey(
      (api, command) => this.ask(api, command),
      config.requestTimeoutMs,
      observer,
      parts.onIdentity,
    );
    this.#sender = new MessageSender({
      config,
      connection: this.connection,
      survey: this.survey,
      stats,
      observer,
    });
    this.#reader = new ReplyReader({
      table: this.#table,
      sender: this.#sender,
      survey: this.survey,
      stats,
      observer,
      onEvents: parts.onEvents,
    });
    if (config.retained === 'deliver')
      this.#delivery = new RetainedDelivery(config, {
        nextClientId: parts.nextReaderId,
        obstacle: () => this.#readerObstacle(),
        send: (command, signal) => this.#deliver(command, signal),
      });
  }

  /** The client id of the latest attempt to connect, or the one that the broker assigned. */
  get clientId(): string | undefined {
    return this.#clientId;
  }

  /** Whether retained messages reach the clients that are subscribed over this connection. */
  get retained(): FeatureFinding {
    const { extension, findings } = this.survey;
    return retainedFinding({
      extension,
      endpoint: findings.extension,
      isOn: this.#delivery !== undefined,
      problem: this.#delivery?.problem,
    });
  }

  /** Requests of callers with one command that wait or are in flight. */
  get pendingCount(): number {
    return this.#table.count('single') + this.#table.count('bulk');
  }

  /** Whether callers with one command wait, or did a moment ago. */
  get hasSingles(): boolean {
    return this.#table.hasSingles;
  }

  /** Begins to connect. */
  open(): void {
    this.connection.open();
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @returns the answer's `data`
   * @throws {GatewayError} `BROKER_UNAVAILABLE`, `BROKER_DENIED`, `BROKER_BUSY`, `BROKER_TIMEOUT`,
   *   `CLIENT_CONTROL_NOT_AVAILABLE`, `SHUTTING_DOWN`, and what {@link commandFailure} makes of the broker's answer
   */
  request(api: ControlApi, command: ControlCommand, options?: RequestOptions): Promise<CommandData> {
    return new Promise((resolve, reject) => this.submitAll(api, [command], options, { resolve, reject }));
  }

  /**
   * The same without promises and with many commands, for those who send a hundred thousand a second: they travel in as few messages as the
   * broker's limits allow, in their order, and `settling` is told of each by its place in the list. What is not sent is
   * refused before this returns.
   */
  submitAll(
    api: ControlApi,
    commands: readonly ControlCommand[],
    { lane = 'single', signal }: RequestOptions = {},
    caller: Settling,
  ): void {
    const delivery = this.#delivery;
    const isSubscribed =
      delivery !== undefined && commands.some(({ command }) => command === 'subscribeClient');
    const settling = isSubscribed ? withRetained(delivery, commands, lane, signal, caller) : caller;
    const refusal = signal?.aborted === true ? abortError(signal) : this.#refusal(api, lane);
    if (refusal === undefined) this.#enqueue(api, commands, lane, signal, settling);
    else commands.forEach((command, place) => this.#refuse(command, place, refusal, settling));
  }

  /** Sends one of this service's own commands: counted nowhere, and sent even where no answer is expected. */
  ask(api: ControlApi, command: ControlCommand): Promise<CommandData> {
    const refusal = this.#draining ? shuttingDown() : this.#connectionRefusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) =>
      this.#enqueue(api, [command], 'own', undefined, { resolve, reject }),
    );
  }

  /** Takes no new requests, lets those in flight finish, with the retained messages that belong to them, then closes the connection. */
  async close(): Promise<void> {
    this.#draining = true;
    await this.#table.whenIdle();
    await this.#delivery?.whenIdle();
    await this.destroy();
  }

  /** Takes no new requests, fails those in flight, and closes the connection. */
  async destroy(): Promise<void> {
    this.#draining = true;
    this.survey.stop();
    this.#delivery?.close();
    this.#failAll();
    this.#table.close();
    await this.connection.close();
  }

  /** Sends what belongs to a subscription that was made: also when no new requests are taken any more. */
  #deliver(command: ControlCommand, signal: AbortSignal | undefined): Promise<CommandData> {
    const refusal =
      signal?.aborted === true
        ? abortError(signal)
        : (this.#connectionRefusal() ?? this.survey.apis.extension.refusal);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) =>
      this.#enqueue('extension', [command], 'bulk', signal, { resolve, reject }),
    );
  }

  #enqueue(
    api: ControlApi,
    commands: readonly ControlCommand[],
    lane: Lane,
    signal: AbortSignal | undefined,
    settling: Settling,
  ): void {
    const { maxCommands, maxBytes } = this.#sender.batchLimits;
    const most = Math.min(maxCommands, MAX_COMMANDS);
    for (let from = 0; from < commands.length;) {
      const number = this.#table.nextNumber();
      const some = from === 0 && commands.length <= most ? commands : commands.slice(from, from + most);
      const taken = encodeCommands(some, (place) => this.#table.idOf(number, place), maxBytes);
      const told = placedFrom(settling, from);
      if (taken.commands.length === 1 && !this.#sender.takes(taken.bytes)) {
        this.#refuse(taken.commands[0], 0, this.#sender.tooLarge(), told);
      } else {
        this.#sender.add(this.#table.add(api, number, taken, { lane, signal }, told));
      }
      from += taken.commands.length;
    }
  }

  #refuse(command: ControlCommand | undefined, place: number, error: GatewayError, settling: Settling): void {
    this.#parts.observer.onRefused?.(command?.command ?? '', error.code);
    settling.reject(error, place);
  }

  /** Why a request cannot even be queued now. */
  #refusal(api: ControlApi, lane: Lane): GatewayError | undefined {
    if (this.#draining) return shuttingDown();
    const refusal = this.#connectionRefusal() ?? this.survey.apis[api].refusal;
    if (refusal !== undefined) return refusal;
    const { maxPending } = this.#config;
    return lane === 'single' && this.#table.count('single') >= maxPending
      ? brokerBusy(maxPending)
      : undefined;
  }

  /** Where every connection of a user has the same client id, a second one would take this one's place. */
  #readerObstacle(): string | undefined {
    const known = this.survey.confirmedClientId;
    return known === undefined || known === this.#clientId
      ? undefined
      : 'the broker gives connections another client id, so one that reads retained messages would take the place of this one';
  }

  #connectionRefusal(): GatewayError | undefined {
    const { state, denial, retryAfterMs } = this.connection;
    if (state.kind === 'connected') return undefined;
    return denial === undefined
      ? brokerUnavailable('not-sent', retryAfterMs)
      : brokerDenied(denial.reasonCode, denial.message);
  }

  #onUp(limits: BrokerLimits, clientId: string): void {
    this.#identify(clientId);
    this.#parts.stats.countConnect();
    this.#parts.observer.onConnected?.();
    this.#sender.open(limits);
    this.survey.start(limits.deniedApis, clientId);
  }

  #identify(clientId: string): void {
    this.#clientId = clientId;
    this.#parts.onIdentity();
  }

  #onDown(): void {
    this.survey.stop();
    this.#failAll();
  }

  #failAll(): void {
    this.#sender.close();
    const { retryAfterMs } = this.connection;
    this.#table.failAll(({ outcome }) => brokerUnavailable(outcome, retryAfterMs));
  }

  #expire(expired: readonly ControlRequest[]): void {
    const { requestTimeoutMs } = this.#config;
    const verdict = this.#sender.judge(expired);
    for (const request of expired) request.fail(brokerTimeout(request.outcome, requestTimeoutMs));
    this.#sender.dropSettled();
    const { state } = this.connection;
    if (verdict.kind === 'slow') this.#sender.giveUp(verdict.unheard);
    else if (state.kind === 'connected')
      state.connection.destroy(`no sign of the broker within ${requestTimeoutMs} ms`, 'timeout');
  }
}

/** Hands over what is retained, where the broker leaves that to us, before the caller is told that the client is subscribed. */
function withRetained(
  delivery: RetainedDelivery,
  commands: readonly ControlCommand[],
  lane: 'single' | 'bulk',
  signal: AbortSignal | undefined,
  caller: Settling,
): Settling {
  return {
    resolve: (data, place) => {
      if (data.retained !== 'deliver') {
        caller.resolve(data, place);
        return;
      }
      const { clientid, topic, qos }: Partial<ControlCommand> = commands[place] ?? {};
      const target = { clientid, topic, qos: qos ?? 0 } as RetainedTarget;
      void delivery
        .handOver(target, lane, signal)
        .then((retained) => caller.resolve({ ...data, retained }, place));
    },
    reject: (error, place) => caller.reject(error, place),
  };
}

/** Tells of places that begin at `from`. */
function placedFrom(settling: Settling, from: number): Settling {
  if (from === 0) return settling;
  return {
    resolve: (data, place) => settling.resolve(data, from + place),
    reject: (error, place) => settling.reject(error, from + place),
  };
}
