import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import {
  connect,
  type IClientOptions,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
  type Packet,
} from 'mqtt';
import type { BrokerConfig } from '../../config/config.js';
import { CONTROL_APIS, CONTROL_API_NAMES, type ControlApi } from '../protocol/control-api.js';

/** Why a connection ended or never came up. */
export type CloseReason =
  /** The broker refused the login (CONNACK) or every response subscription (SUBACK). */
  | {
      readonly kind: 'denied';
      readonly what: 'login' | 'subscription';
      readonly reasonCode: number;
      readonly message: string;
    }
  | { readonly kind: 'lost'; readonly message: string };

/** What the broker allows on an open connection. */
export interface ConnectionLimits {
  /** Largest MQTT packet the broker takes, bytes. */
  readonly maximumPacketSize: number;
  /** Most QoS 1 messages that may be unacknowledged. */
  readonly receiveMaximum: number;
  /** The APIs whose response subscription was refused, with the reason code. */
  readonly deniedApis: ReadonlyMap<ControlApi, number>;
}

/** Whoever uses a connection. After `onClose` nothing more is called. */
export interface ConnectionHandlers {
  /** Connected, and subscribed to the response topics: commands may be sent. Called at most once. */
  readonly onOpen: (limits: ConnectionLimits) => void;
  /** A message on an API's response topic. */
  readonly onMessage: (api: ControlApi, payload: Buffer, retained: boolean) => void;
  /** Called exactly once. */
  readonly onClose: (reason: CloseReason) => void;
}

/** How the broker took a published message: it has it, it refused it with an MQTT 5 reason code, or the connection closed first. */
export type PublishResult =
  { readonly kind: 'accepted' | 'closed' } | { readonly kind: 'refused'; readonly reasonCode: number };

const CLOSE_GRACE_MS = 1000;
const REFUSED = 0x80;
/** CONNACK codes that a later attempt with the same settings will meet again; MQTT 3.1.1 section 3.2.2.3, MQTT 5 section 3.2.2.2. */
const LOGIN_DENIED = new Set([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c]);
const SUBSCRIPTION_ORDER = CONTROL_API_NAMES.map((api) => CONTROL_APIS[api].responseTopic);
const API_OF_TOPIC = new Map<string, ControlApi>(
  CONTROL_API_NAMES.map((api) => [CONTROL_APIS[api].responseTopic, api]),
);

/**
 * One MQTT connection, from the attempt to its end. It never reconnects: a new attempt is a new object with a new MQTT
 * client and an empty store, so nothing that was published on an old connection can be sent again on a new one.
 */
export class BrokerConnection {
  readonly #client: MqttClient | undefined;
  readonly #handlers: ConnectionHandlers;
  readonly #openTimer: NodeJS.Timeout;
  #closed = false;
  #lastError: CloseReason | undefined;

  /** Starts the attempt at once; `handlers` are never called before the constructor returns. */
  constructor(config: BrokerConfig, clientId: string, handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    // Covers name lookup, TCP, TLS, CONNACK and SUBACK together.
    this.#openTimer = setTimeout(
      () => this.destroy(`no connection within ${config.connectTimeoutMs} ms`),
      config.connectTimeoutMs,
    );
    try {
      this.#client = connect(config.url, clientOptions(config, clientId));
    } catch (error) {
      setImmediate(() => this.destroy(messageOf(error)));
      return;
    }
    this.#client.on('connect', (packet) => this.#subscribe(packet));
    this.#client.on('message', (topic, payload, packet: IPublishPacket) => {
      const api = API_OF_TOPIC.get(topic);
      if (api !== undefined && !this.#closed) this.#handlers.onMessage(api, payload, packet.retain);
    });
    this.#client.on('disconnect', ({ reasonCode = 0 }) => {
      this.#lastError = {
        kind: 'lost',
        message: `the broker ended the connection, reason ${hex(reasonCode)}`,
      };
    });
    this.#client.on('error', (error) => {
      this.#lastError ??= closeReasonOf(error);
      // Protocol errors do not close the stream by themselves.
      this.destroy();
    });
    this.#client.on('close', () => this.destroy());
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
   * Publishes at QoS 1, which is what makes a refusal visible (MQTT 5 PUBACK reason code).
   *
   * @param onResult called exactly once, `closed` when the connection ends before the acknowledgement
   */
  publishAcknowledged(topic: string, payload: string, onResult: (result: PublishResult) => void): void {
    let settled = false;
    this.#client?.publish(topic, payload, { qos: 1 }, (error) => {
      if (settled) return;
      settled = true;
      const reasonCode = error ? reasonCodeOf(error) : undefined;
      if (reasonCode !== undefined) onResult({ kind: 'refused', reasonCode });
      else onResult({ kind: error ? 'closed' : 'accepted' });
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
    this.destroy('closed by this service');
  }

  /** Ends the connection at once; bytes that are still in this process are never sent. `onClose` is called before this returns. */
  destroy(message = 'the connection was lost'): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#openTimer);
    const stream: unknown = this.#client?.stream;
    // A reset also drops what the kernel has not sent yet; Node offers it for plain TCP only.
    if (stream instanceof Socket && !(stream instanceof TLSSocket) && !stream.writableEnded)
      stream.resetAndDestroy();
    this.#client?.end(true);
    this.#handlers.onClose(this.#lastError ?? { kind: 'lost', message });
  }

  #subscribe({ properties }: IConnackPacket): void {
    const stream: unknown = this.#client?.stream;
    if (stream instanceof Socket) stream.setNoDelay(true);
    const isMqtt5 = this.#client?.options.protocolVersion === 5;
    // Retain handling 2: no stored messages; an old reply is of no use to anybody.
    const options = isMqtt5 ? { qos: 1 as const, rh: 2 } : { qos: 1 as const };
    const topics = Object.fromEntries(SUBSCRIPTION_ORDER.map((topic) => [topic, options]));
    this.#client?.subscribe(topics, (error, _granted, packet?: Packet) => {
      if (this.#closed) return;
      if (packet?.cmd !== 'suback') {
        this.destroy(error === null ? 'no SUBACK' : error.message);
        return;
      }
      const codes = packet.granted.map(Number);
      const denied = CONTROL_API_NAMES.flatMap((api, index): [ControlApi, number][] => {
        const code = codes[index] ?? REFUSED;
        return code >= REFUSED ? [[api, code]] : [];
      });
      const [first] = denied;
      if (first !== undefined && denied.length === CONTROL_API_NAMES.length) {
        const message = `the broker refused the subscription to the response topics, reason ${hex(first[1])}`;
        this.#lastError = { kind: 'denied', what: 'subscription', reasonCode: first[1], message };
        this.destroy();
        return;
      }
      clearTimeout(this.#openTimer);
      this.#handlers.onOpen({
        maximumPacketSize: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
        receiveMaximum: properties?.receiveMaximum ?? 65_535,
        deniedApis: new Map(denied),
      });
    });
  }
}

function clientOptions(config: BrokerConfig, clientId: string): IClientOptions {
  const { ca, cert, key, rejectUnauthorized = true, servername } = config.tls ?? {};
  return {
    clientId,
    protocolVersion: config.protocolVersion,
    clean: true,
    keepalive: config.keepaliveSeconds,
    // Pings go out on time even while commands do: a half-open connection is found under load, too.
    reschedulePings: false,
    connectTimeout: config.connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    rejectUnauthorized,
    ...(config.username !== undefined && { username: config.username }),
    ...(config.password !== undefined && { password: config.password }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    // mqtt.js hands wsOptions to ws, which passes TLS options on.
    ...(servername !== undefined && { servername, wsOptions: { servername } as object }),
  };
}

function closeReasonOf(error: Error): CloseReason {
  const reasonCode = reasonCodeOf(error);
  return reasonCode !== undefined && LOGIN_DENIED.has(reasonCode)
    ? {
        kind: 'denied',
        what: 'login',
        reasonCode,
        message: `the broker refused the login, reason ${hex(reasonCode)}`,
      }
    : { kind: 'lost', message: messageOf(error) };
}

/** The MQTT reason code that mqtt.js puts in `code`; system errors have a string there. */
function reasonCodeOf(error: Error): number | undefined {
  return 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** Connecting to a name with several addresses fails with an AggregateError, whose own message is empty. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function hex(reasonCode: number): string {
  return `0x${reasonCode.toString(16).padStart(2, '0')}`;
}
