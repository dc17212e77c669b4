import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { connect, type IConnackPacket, type IPublishPacket, type MqttClient, type Packet } from 'mqtt';
import type { BrokerConfig } from '../../config/config.js';
import { CONTROL_APIS, CONTROL_API_NAMES, type ControlApi } from '../protocol/control-api.js';
import { brokerLimits, type BrokerLimits } from './broker-limits.js';
import { clientOptions } from './client-options.js';
import { closeReasonOf, reasonCodeOf, type CloseReason } from './close-reason.js';
import { PingCount } from './ping-count.js';
import { FAILURE, reasonWords, SESSION_TAKEN_OVER } from './reason-codes.js';

/** Whoever uses a connection. After `onClose` nothing more is called. */
export interface ConnectionHandlers {
  /**
   * Connected, and subscribed to the response topics: commands may be sent. Called at most once.
   *
   * @param clientId the client id, which the broker may have assigned instead of the one asked for
   */
  readonly onOpen: (limits: BrokerLimits, clientId: string) => void;
  /** A message on an API's response topic. */
  readonly onMessage: (api: ControlApi, payload: Buffer, retained: boolean) => void;
  /** Called exactly once. */
  readonly onClose: (reason: CloseReason) => void;
}

/**
 * How the broker took a published message: it has it, it refused it with an MQTT 5 reason code, or the connection closed
 * first.
 */
export type PublishResult =
  | { readonly kind: 'accepted' | 'closed' }
  | { readonly kind: 'refused'; readonly reasonCode: number; readonly reasonString?: string | undefined };

const CLOSE_GRACE_MS = 1000;
const CLOSED_UNANSWERED =
  'the connection was lost before the broker answered the login (look at url: is this an MQTT port, with TLS or without?)';
const RESPONSE_TOPICS = CONTROL_API_NAMES.map((api) => CONTROL_APIS[api].responseTopic);
const API_OF_TOPIC = new Map<string, ControlApi>(
  CONTROL_API_NAMES.map((api) => [CONTROL_APIS[api].responseTopic, api]),
);

/**
 * One MQTT connection, from the attempt to its end. It never reconnects: a new attempt is a new object with a new MQTT
 * client and an empty store, so nothing that was published on an old connection can be sent again on a new one.
 */
export class MqttConnection {
  readonly #client: MqttClient | undefined;
  readonly #handlers: ConnectionHandlers;
  readonly #openTimer: NodeJS.Timeout;
  readonly #pings = new PingCount();
  #maximumQos: 0 | 1 = 1;
  #closed = false;
  #lastError: CloseReason | undefined;

  /** Starts the attempt at once; `handlers` are never called before the constructor returns. */
  constructor(config: BrokerConfig, clientId: string, handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    // Covers name lookup, TCP, TLS, CONNACK and SUBACK together.
    this.#openTimer = setTimeout(
      () => this.destroy(`no connection within ${config.connectTimeoutMs} ms (look at url)`, 'timeout'),
      config.connectTimeoutMs,
    );
    try {
      this.#client = connect(clientOptions(config, clientId));
    } catch (error) {
      setImmediate(() => {
        this.#lastError ??= closeReasonOf(error);
        this.destroy();
      });
      return;
    }
    this.#listenTo(this.#client);
  }

  /** When the broker's certificate ends, epoch milliseconds; undefined without TLS. */
  get certificateExpiresAt(): number | undefined {
    const stream: unknown = this.#client?.stream;
    const socket = stream instanceof TLSSocket ? stream : webSocketsSocket(stream);
    if (!(socket instanceof TLSSocket)) return undefined;
    const at = Date.parse(socket.getPeerCertificate().valid_to);
    return Number.isNaN(at) ? undefined : at;
  }

  /** Whether something that was published has not even left this process. */
  get hasUnsentBytes(): boolean {
    return (this.#client?.stream.writableLength ?? 0) > 0;
  }

  /** Publishes at QoS 0: nothing tells whether the broker took the message. */
  publish(topic: string, payload: string): void {
    this.#client?.publish(topic, payload, { qos: 0 });
  }

  /**
   * Publishes so that the broker's taking the message shows: at QoS 1, which also makes a refusal visible (MQTT 5 PUBACK
   * reason code), or, where the broker takes QoS 0 only, followed by a ping. A broker answers in order.
   *
   * @param onResult called exactly once, `closed` when the connection ends before the acknowledgement
   */
  publishAcknowledged(topic: string, payload: string, onResult: (result: PublishResult) => void): void {
    if (this.#maximumQos === 0) {
      this.publish(topic, payload);
      this.#client?.sendPing();
      this.#pings.whenAnswered((isAnswered) => onResult({ kind: isAnswered ? 'accepted' : 'closed' }));
      return;
    }
    let settled = false;
    this.#client?.publish(topic, payload, { qos: 1 }, (error, packet) => {
      if (settled) return;
      settled = true;
      const reasonCode = error ? reasonCodeOf(error) : undefined;
      if (reasonCode === undefined) onResult({ kind: error ? 'closed' : 'accepted' });
      else onResult({ kind: 'refused', reasonCode, reasonString: reasonStringOf(packet) });
    });
  }

  /** Ends the connection politely (DISCONNECT), within a second. `onClose` follows. */
  async close(): Promise<void> {
    const client = this.#client;
    if (client?.connected === true && !this.#closed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_GRACE_MS);
        client.end(false, {}, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    this.destroy('closed by this service', 'own');
  }

  /** Ends the connection at once; bytes that are still in this process are never sent. `onClose` is called before this returns. */
  destroy(message = 'the connection was lost', cause: 'network' | 'timeout' | 'own' = 'network'): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#openTimer);
    const stream: unknown = this.#client?.stream;
    // A reset also drops what the kernel has not sent yet; Node offers it for plain TCP only.
    if (stream instanceof Socket && !(stream instanceof TLSSocket) && !stream.writableEnded)
      stream.resetAndDestroy();
    this.#client?.end(true);
    this.#pings.close();
    this.#handlers.onClose(this.#lastError ?? { kind: 'lost', cause, message });
  }

  #listenTo(client: MqttClient): void {
    let isAnswered = false;
    let refusalText: string | undefined;
    client.on('connect', (packet) => this.#subscribe(client, packet));
    client.on('message', (topic, payload, packet: IPublishPacket) => {
      const api = API_OF_TOPIC.get(topic);
      if (api !== undefined && !this.#closed) this.#handlers.onMessage(api, payload, packet.retain);
    });
    client.on('packetsend', ({ cmd }) => {
      if (cmd === 'pingreq') this.#pings.sent();
    });
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'pingresp') this.#pings.answered();
      if (packet.cmd !== 'connack') return;
      isAnswered = true;
      refusalText = packet.properties?.reasonString;
    });
    client.on('disconnect', ({ reasonCode = 0, properties }) => {
      const message = `the broker ended the connection, ${reasonWords(reasonCode, properties?.reasonString)}`;
      this.#lastError =
        reasonCode === SESSION_TAKEN_OVER
          ? { kind: 'taken-over', message }
          : { kind: 'lost', cause: 'broker', message };
    });
    client.on('error', (error) => {
      this.#lastError ??= closeReasonOf(error, refusalText);
      // Protocol errors do not close the stream by themselves.
      this.destroy();
    });
    client.on('close', () => this.destroy(isAnswered ? undefined : CLOSED_UNANSWERED));
  }

  #subscribe(client: MqttClient, connack: IConnackPacket): void {
    const stream: unknown = client.stream;
    if (stream instanceof Socket) stream.setNoDelay(true);
    // Retain handling 2: no stored messages; an old reply is of no use to anybody.
    const options = client.options.protocolVersion === 5 ? { qos: 1 as const, rh: 2 } : { qos: 1 as const };
    const topics = Object.fromEntries(RESPONSE_TOPICS.map((topic) => [topic, options]));
    client.subscribe(topics, (error, _granted, suback?: Packet) => {
      if (this.#closed) return;
      if (suback?.cmd !== 'suback') {
        this.destroy(error === null ? 'no SUBACK' : error.message);
        return;
      }
      const limits = brokerLimits(connack, suback);
      if (limits.deniedApis.size === CONTROL_API_NAMES.length) {
        const reasonCode = limits.deniedApis.get('clientControl') ?? FAILURE;
        const words = reasonWords(reasonCode, suback.properties?.reasonString);
        const message = `the broker refused the subscription to the response topics, ${words}`;
        this.#lastError = { kind: 'denied', what: 'subscription', reasonCode, message };
        this.destroy();
        return;
      }
      clearTimeout(this.#openTimer);
      this.#maximumQos = limits.maximumQos;
      const asked = client.options.clientId ?? '';
      this.#handlers.onOpen(limits, connack.properties?.assignedClientIdentifier ?? asked);
    });
  }
}

/** The TLS connection below a WebSocket, which mqtt.js wraps in a stream of its own. */
function webSocketsSocket(stream: unknown): unknown {
  const { socket } = (stream ?? {}) as { readonly socket?: { readonly _socket?: unknown } };
  return socket?._socket;
}

function reasonStringOf(packet: Packet | undefined): string | undefined {
  return packet?.cmd === 'puback' ? packet.properties?.reasonString : undefined;
}
