import { ApiKnowledge } from './api-knowledge.js';
import type { BrokerConfig } from '../../config/config.js';
import type { ConnectionLimits, PublishResult } from '../connection/broker-connection.js';
import { BrokerLink } from '../connection/broker-link.js';
import type { BrokerStatus } from '../connection/broker-status.js';
import { outcomeOf, type ChannelRequest, type RequestOptions } from './channel-request.js';
import { ChannelStats } from './channel-stats.js';
import { CommandBatcher } from './command-batcher.js';
import { CONTROL_APIS, CONTROL_API_NAMES, type ControlApi } from '../protocol/control-api.js';
import {
  decodeMessage,
  encodeCommand,
  encodeRequest,
  type CommandData,
  type ControlCommand,
  type ControlReply,
} from '../protocol/control-protocol.js';
import {
  brokerBusy,
  brokerDenied,
  brokerTimeout,
  brokerUnavailable,
  commandTooLarge,
  endpointNotAvailable,
  invalidAnswer,
  publishRefused,
  requestAborted,
  shuttingDown,
  type GatewayError,
} from '../gateway-error.js';
import type { ChannelObserver } from '../gateway-observer.js';
import { commandFailure } from '../protocol/command-failure.js';
import { MessageWindow } from './message-window.js';
import { PendingRequests } from './pending-requests.js';

/** Messages under way at once: enough to fill a slow line, few enough that commands gather into batches and stay droppable. */
const MAX_UNDER_WAY = 16;
const MAX_MESSAGE_CHARACTERS = 262_144;
/** A packet has the topic, lengths and properties besides the payload. */
const PACKET_OVERHEAD_BYTES = 128;

/**
 * Requests and answers over one broker's link.
 *
 * Guarantees: every request settles exactly once, within the broker's `requestTimeoutMs`, time in the queue included.
 * A command is sent at most once, and never after its caller was answered. Without a connection a request fails at
 * once; a lost connection fails all that is in flight at once. Answers that match no request are counted and ignored.
 */
export class BrokerChannel {
  readonly stats = new ChannelStats();
  /** Resolves when the first attempt to connect has ended, well or not, at the latest after `connectTimeoutMs`. */
  readonly firstAttempt: Promise<void>;
  readonly #config: BrokerConfig;
  readonly #link: BrokerLink;
  readonly #idPrefix: string;
  readonly #observer: ChannelObserver | undefined;
  readonly #pending: PendingRequests<ChannelRequest>;
  readonly #batchers: Readonly<Record<ControlApi, CommandBatcher<ChannelRequest>>>;
  readonly #apis = new ApiKnowledge();
  readonly #window = new MessageWindow();
  /** When the broker last said anything, on the clock of `performance.now()`. */
  #lastHeardAt = 0;
  #sequence = 0;
  #draining = false;
  #onIdle: (() => void) | undefined;

  /**
   * @param clientId MQTT client id of the control connection
   * @param idPrefix makes correlation ids unique across processes and restarts
   * @param observer is told of every batch and every outcome
   */
  constructor(
    config: BrokerConfig,
    readonly clientId: string,
    idPrefix: string,
    observer?: ChannelObserver,
  ) {
    this.#config = config;
    this.#idPrefix = idPrefix;
    this.#observer = observer;
    this.#pending = new PendingRequests((expired) => this.#expire(expired));
    let endFirstAttempt: () => void = () => undefined;
    this.firstAttempt = new Promise((resolve) => (endFirstAttempt = resolve));
    this.#link = new BrokerLink(config, clientId, {
      onUp: (limits) => this.#onUp(limits),
      onDown: () => this.#onDown(),
      onMessage: (api, payload, retained) => this.#onMessage(api, payload, retained),
      onStateChange: (state) => {
        if (state !== 'connecting') endFirstAttempt();
      },
    });
    this.#batchers = {
      clientControl: this.#createBatcher('clientControl'),
      clientInspect: this.#createBatcher('clientInspect'),
      extension: this.#createBatcher('extension'),
    };
  }

  get status(): BrokerStatus {
    const { visibleState, since, lastError } = this.#link;
    return { state: visibleState, since, lastError, features: this.#apis.features };
  }

  /** Requests that wait or are in flight. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Begins to connect. */
  open(): void {
    this.#link.open();
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @returns the answer's `data`
   * @throws {GatewayError} `BROKER_UNAVAILABLE`, `BROKER_DENIED`, `BROKER_BUSY`, `BROKER_TIMEOUT`, `BROKER_ERROR`,
   *   `CLIENT_NOT_FOUND`, `CLIENT_CONTROL_NOT_AVAILABLE`, `SHUTTING_DOWN`
   */
  request(api: ControlApi, command: ControlCommand, { signal }: RequestOptions = {}): Promise<CommandData> {
    const refusal = signal?.aborted === true ? requestAborted() : this.#refusal(api);
    if (refusal !== undefined) return this.#refuse(command, refusal);
    const id = `${this.#idPrefix}${(this.#sequence++).toString(36)}`;
    const encoded = encodeCommand(command, id);
    const tooLarge = this.#tooLarge(encoded);
    if (tooLarge !== undefined) return this.#refuse(command, tooLarge);
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const request: ChannelRequest = {
        id,
        api,
        command: command.command,
        encoded,
        clientid: command.clientid,
        startedAt,
        deadlineAt: startedAt + this.#config.requestTimeoutMs,
        resolve,
        reject,
      };
      this.#pending.add(request);
      this.#batchers[api].add(request);
    });
  }

  /** Takes no new requests, lets those in flight finish, then closes the connection. */
  async close(): Promise<void> {
    this.#draining = true;
    if (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.destroy();
  }

  /** Takes no new requests, fails those in flight, and closes the connection. */
  async destroy(): Promise<void> {
    this.#draining = true;
    this.#failAll();
    this.#pending.close();
    await this.#link.close();
  }

  #createBatcher(api: ControlApi): CommandBatcher<ChannelRequest> {
    return new CommandBatcher<ChannelRequest>(
      { maxCommands: this.#config.maxBatch, maxCharacters: MAX_MESSAGE_CHARACTERS },
      ({ id }) => this.#pending.has(id),
      () => this.#window.hasRoom,
      (batch) => this.#send(api, batch),
    );
  }

  #refuse({ command }: ControlCommand, error: GatewayError): Promise<never> {
    this.#observer?.onRefused(command, error.code);
    return Promise.reject(error);
  }

  /** Why a request cannot even be queued now. */
  #refusal(api: ControlApi): GatewayError | undefined {
    if (this.#draining) return shuttingDown();
    if (this.#link.state.kind !== 'connected') {
      const { denial, retryAfterMs } = this.#link;
      return denial === undefined
        ? brokerUnavailable('not-sent', retryAfterMs)
        : brokerDenied(denial.what, denial.reasonCode);
    }
    const reasonCode = this.#apis.denialOf(api);
    if (reasonCode !== undefined) return brokerDenied('subscription', reasonCode);
    const { maxPending } = this.#config;
    return this.#pending.size >= maxPending ? brokerBusy(maxPending) : undefined;
  }

  #tooLarge(encoded: string): GatewayError | undefined {
    const { state } = this.#link;
    if (state.kind !== 'connected') return undefined;
    const { maximumPacketSize } = state.limits;
    const limit = maximumPacketSize - PACKET_OVERHEAD_BYTES;
    // A character is at most 3 bytes of UTF-8: only a command near the limit needs its bytes counted.
    const fits = encoded.length * 3 <= limit || Buffer.byteLength(encoded) <= limit;
    return fits ? undefined : commandTooLarge(maximumPacketSize);
  }

  /**
   * QoS 1 until the API has answered: only its PUBACK tells a refusal from silence. QoS 0 from then on: a broker without
   * TCP_NODELAY, such as Mosquitto by default, would hold the answer back behind the PUBACK until that is
   * acknowledged by our TCP, some 40 ms later.
   */
  #send(api: ControlApi, batch: readonly ChannelRequest[]): void {
    const { state } = this.#link;
    if (state.kind !== 'connected') return;
    const number = this.#window.send();
    for (const request of batch) request.sentIn = number;
    this.stats.countBatch(batch.length);
    this.#observer?.onBatch(batch.length);
    const payload = encodeRequest(batch.map(({ encoded }) => encoded));
    const { requestTopic } = CONTROL_APIS[api];
    if (this.#apis.isAnswering(api)) state.connection.publish(requestTopic, payload);
    else
      state.connection.publishAcknowledged(requestTopic, payload, (result) =>
        this.#onPublished(number, batch, result),
      );
  }

  #onPublished(number: number, batch: readonly ChannelRequest[], result: PublishResult): void {
    // A closed connection is the business of #onDown, which starts the count afresh.
    if (result.kind === 'closed') return;
    this.#lastHeardAt = performance.now();
    this.#markArrived(number);
    if (result.kind !== 'refused') return;
    const error = publishRefused(result.reasonCode);
    for (const request of batch) if (this.#settle(request.id) !== undefined) this.#fail(request, error);
  }

  /** Makes room for the next message. */
  #markArrived(number: number): void {
    if (!this.#window.arrive(number)) return;
    for (const api of CONTROL_API_NAMES) this.#batchers[api].flush();
  }

  #onUp(limits: ConnectionLimits): void {
    this.#window.open(Math.min(limits.receiveMaximum, MAX_UNDER_WAY));
    this.#apis.startAfresh(limits.deniedApis);
    this.stats.countConnect();
  }

  #onDown(): void {
    this.#window.close();
    this.#failAll();
  }

  #failAll(): void {
    for (const api of CONTROL_API_NAMES) this.#batchers[api].clear();
    const retryAfterMs = this.#link.retryAfterMs;
    for (const request of this.#pending.removeAll()) {
      this.#fail(request, brokerUnavailable(outcomeOf(request), retryAfterMs));
    }
    this.#announceIdle();
  }

  #expire(expired: readonly ChannelRequest[]): void {
    for (const request of expired) {
      this.#fail(request, brokerTimeout(outcomeOf(request), this.#config.requestTimeoutMs));
    }
    for (const api of CONTROL_API_NAMES) this.#batchers[api].dropUnwanted();
    this.#announceIdle();
    this.#judgeLine(expired);
  }

  /**
   * A line on which nothing was heard while a command was out is dead, and what of it is still in this process must not
   * go out later: the connection ends. Otherwise the broker just did not answer in time, or not at all; then
   * acknowledgements are asked for again, and what it left unanswered no longer counts as under way.
   */
  #judgeLine(expired: readonly ChannelRequest[]): void {
    const { state } = this.#link;
    const unheard = expired.filter(({ sentIn }) => sentIn !== undefined && !this.#window.hasArrived(sentIn));
    const [oldest] = unheard;
    if (state.kind !== 'connected' || oldest === undefined) return;
    if (this.#lastHeardAt < oldest.startedAt || state.connection.hasUnsentBytes) {
      state.connection.destroy(`no sign of the broker within ${this.#config.requestTimeoutMs} ms`);
      return;
    }
    for (const { api, sentIn = 0 } of unheard) {
      this.#apis.noteSilence(api);
      this.#markArrived(sentIn);
    }
  }

  #onMessage(api: ControlApi, payload: Buffer, retained: boolean): void {
    this.#lastHeardAt = performance.now();
    if (retained) {
      this.stats.countIgnored('retained');
      return;
    }
    const message = decodeMessage(payload);
    switch (message.kind) {
      case 'replies':
        for (const reply of message.replies) this.#onReply(api, reply);
        return;
      case 'endpoint-not-available':
        this.#onEndpointNotAvailable(api);
        return;
      case 'malformed':
        this.stats.countIgnored('malformed');
        return;
      default:
        message satisfies never;
    }
  }

  #onReply(api: ControlApi, { correlationData, result }: ControlReply): void {
    if (correlationData === undefined) {
      this.stats.countIgnored('uncorrelated');
      return;
    }
    const request = this.#settle(correlationData);
    if (request === undefined) {
      this.stats.countIgnored(correlationData.startsWith(this.#idPrefix) ? 'late-or-duplicate' : 'foreign');
      return;
    }
    this.#apis.noteAnswer(api);
    if (request.sentIn !== undefined) this.#markArrived(request.sentIn);
    switch (result.kind) {
      case 'success':
        this.#observer?.onSettled(request.command, 'OK', performance.now() - request.startedAt);
        request.resolve(result.data);
        return;
      case 'error':
        this.#fail(request, commandFailure(result.error, request));
        return;
      case 'invalid':
        this.#fail(request, invalidAnswer('the answer is neither a success nor an error'));
        return;
      default:
        result satisfies never;
    }
  }

  #onEndpointNotAvailable(api: ControlApi): void {
    this.#apis.noteAbsence(api);
    const error = endpointNotAvailable(CONTROL_APIS[api].requestTopic);
    const failed = this.#pending.removeAll((request) => request.api === api && request.sentIn !== undefined);
    if (failed.length === 0) this.stats.countIgnored('late-or-duplicate');
    for (const request of failed) this.#fail(request, error);
    // No answer to them will come any more that could make room for the next messages.
    this.#markArrived(failed.at(-1)?.sentIn ?? 0);
    this.#announceIdle();
  }

  #fail(request: ChannelRequest, error: GatewayError): void {
    this.#observer?.onSettled(request.command, error.code, performance.now() - request.startedAt);
    request.reject(error);
  }

  #settle(id: string): ChannelRequest | undefined {
    const request = this.#pending.remove(id);
    this.#announceIdle();
    return request;
  }

  #announceIdle(): void {
    if (this.#pending.size === 0) this.#onIdle?.();
  }
}
