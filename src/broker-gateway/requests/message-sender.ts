import type { BrokerConfig } from '../../config/config.js';
import type { BrokerLimits } from '../connection/broker-limits.js';
import type { KeptState } from '../connection/kept-connection.js';
import type { PublishResult } from '../connection/mqtt-connection.js';
import { reasonWords } from '../connection/reason-codes.js';
import { commandTooLarge, publishRefused, type GatewayError } from '../gateway-error.js';
import type { BrokerObserver } from '../gateway-observer.js';
import { CONTROL_APIS, type ControlApi } from '../protocol/control-api.js';
import { encodeRequest } from '../protocol/control-protocol.js';
import type { ApiSurvey } from './api-survey.js';
import type { ClientStats } from './client-stats.js';
import type { ControlRequest } from './control-request.js';
import { MessageWindow } from './message-window.js';
import { SendQueue, type BatchLimits, type Room } from './send-queue.js';

/** Messages under way at once: enough to fill a slow line, few enough that commands gather into batches and stay droppable. */
const MAX_UNDER_WAY = 16;
/** Bulk commands leave the broker little to do before a single one that comes after them. */
const MAX_UNDER_WAY_BULK = 4;
const MAX_MESSAGE_BYTES = 262_144;
/** A packet has the topic, lengths, properties and the frame of the commands besides the commands. */
const PACKET_OVERHEAD_BYTES = 128;

/** A message of which nothing was heard. */
export interface Unheard {
  readonly api: ControlApi;
  readonly message: number;
}

/** Whether a line is dead, or the broker at its other end just slow. */
export type Verdict =
  { readonly kind: 'dead' } | { readonly kind: 'slow'; readonly unheard: readonly Unheard[] };

/** What a {@link MessageSender} works with. */
export interface SenderParts {
  readonly config: Pick<BrokerConfig, 'maxBatch'>;
  readonly connection: { readonly state: KeptState };
  readonly survey: ApiSurvey;
  readonly stats: ClientStats;
  readonly observer: BrokerObserver;
}

/**
 * Sends requests in messages: those of one tick together, within the broker's limits, and only so many messages at once
 * that are not known to have arrived.
 */
export class MessageSender {
  readonly #parts: SenderParts;
  readonly #window = new MessageWindow();
  readonly #queue: SendQueue<ControlRequest>;
  #maximumPacketSize = Number.POSITIVE_INFINITY;
  /** When the broker last said anything, on the clock of `performance.now()`. */
  #lastHeardAt = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#queue = new SendQueue<ControlRequest>(
      this.batchLimits,
      () => this.#room,
      (api, batch) => this.#send(api, batch),
    );
  }

  /** Takes a request; it is sent before the event loop waits again, or when there is room. */
  add(request: ControlRequest): void {
    this.#queue.add(request);
  }

  /** Whether a command of this size fits into a packet that the broker takes. */
  takes(bytes: number): boolean {
    return bytes <= this.#maximumPacketSize - PACKET_OVERHEAD_BYTES;
  }

  /** The error of a command that does not. */
  tooLarge(): GatewayError {
    return commandTooLarge(this.#maximumPacketSize);
  }

  /** Begins a new connection: nothing is under way. */
  open({ receiveMaximum, maximumPacketSize }: BrokerLimits): void {
    this.#maximumPacketSize = maximumPacketSize;
    this.#queue.limits = this.batchLimits;
    this.#window.open(Math.min(receiveMaximum, MAX_UNDER_WAY));
  }

  /** Ends the connection: nothing is sent, and what waits is forgotten. */
  close(): void {
    this.#window.close();
    this.#queue.clear();
  }

  /** Something came from the broker. */
  noteHeard(): void {
    this.#lastHeardAt = performance.now();
  }

  /** The message that a request travelled in has arrived, and so have all before it. Makes room for the next one. */
  noteArrival({ state }: ControlRequest): void {
    if (state.kind === 'sent' && this.#window.arrive(state.message)) this.#queue.flush();
  }

  /**
   * What requests that were not answered in time say about the line; to be asked before they are failed.
   *
   * A line on which nothing was heard while a command was out is dead, and what of it is still in this process must not
   * go out later. Otherwise the broker just did not answer in time, or not at all.
   */
  judge(expired: readonly ControlRequest[]): Verdict {
    const unheard: Unheard[] = [];
    let oldestAt = Number.POSITIVE_INFINITY;
    for (const { api, state, startedAt } of expired) {
      if (state.kind !== 'sent' || this.#window.hasArrived(state.message)) continue;
      unheard.push({ api, message: state.message });
      oldestAt = Math.min(oldestAt, startedAt);
    }
    const { state } = this.#parts.connection;
    const isDead =
      unheard.length > 0 &&
      state.kind === 'connected' &&
      (this.#lastHeardAt < oldestAt || state.connection.hasUnsentBytes);
    return isDead ? { kind: 'dead' } : { kind: 'slow', unheard };
  }

  /** What a slow broker left unanswered no longer counts as under way, and acknowledgements are asked for again. */
  giveUp(unheard: readonly Unheard[]): void {
    for (const { api, message } of unheard) {
      this.#parts.survey.apis[api].noteSilence();
      if (this.#window.arrive(message)) this.#queue.flush();
    }
  }

  /** Lets go of the memory of requests that were settled before they were sent. */
  dropSettled(): void {
    this.#queue.dropUnwanted();
  }

  /** How much travels in one message on this connection. */
  get batchLimits(): BatchLimits {
    return {
      maxCommands: this.#parts.config.maxBatch,
      maxBytes: Math.min(MAX_MESSAGE_BYTES, this.#maximumPacketSize - PACKET_OVERHEAD_BYTES),
    };
  }

  get #room(): Room {
    if (!this.#window.hasRoom) return 'none';
    if (this.#window.underWay === 0) return 'idle';
    return this.#window.underWay < MAX_UNDER_WAY_BULK ? 'any' : 'single';
  }

  /**
   * Acknowledged until the API has answered: only an acknowledgement tells a refusal from silence. Unacknowledged from then
   * on: a broker without TCP_NODELAY, such as Mosquitto by default, would hold the answer back behind the PUBACK until that
   * is acknowledged by our TCP, some 40 ms later.
   */
  #send(api: ControlApi, batch: readonly ControlRequest[]): void {
    const { connection, survey, stats, observer } = this.#parts;
    if (connection.state.kind !== 'connected') return;
    const sent = { kind: 'sent', message: this.#window.send() } as const;
    for (const request of batch) request.markSent(sent);
    let ofCallers = 0;
    for (const { lane, size } of batch) if (lane !== 'own') ofCallers += size;
    if (ofCallers > 0) {
      stats.countBatch(ofCallers);
      observer.onBatch?.(ofCallers);
    }
    const payload = encodeRequest(batch.map(({ encoded }) => encoded));
    const { requestTopic } = CONTROL_APIS[api];
    const { connection: mqtt } = connection.state;
    if (survey.apis[api].isAnswering) mqtt.publish(requestTopic, payload);
    else
      mqtt.publishAcknowledged(requestTopic, payload, (result) =>
        this.#onPublished(sent.message, batch, result),
      );
  }

  #onPublished(message: number, batch: readonly ControlRequest[], result: PublishResult): void {
    // A closed connection fails its requests, and starts the count afresh.
    if (result.kind === 'closed') return;
    this.noteHeard();
    if (this.#window.arrive(message)) this.#queue.flush();
    if (result.kind !== 'refused') return;
    const words = reasonWords(result.reasonCode, result.reasonString);
    const error = publishRefused(result.reasonCode, words);
    const [{ api } = { api: undefined }] = batch;
    if (api !== undefined && error.code === 'BROKER_DENIED')
      this.#parts.survey.apis[api].noteDenial(error.message);
    for (const request of batch) request.fail(error);
  }
}
