import { Socket } from 'node:net';
import { connect, type IPublishPacket, type MqttClient, type Packet } from 'mqtt';
import type { BrokerConfig } from '../../config/config.js';
import { topicMatches } from '../../mqtt-strings/topic-filter.js';
import type { RetainedGap, RetainedMessage } from '../protocol/retained-message.js';
import { clientOptions } from './client-options.js';
import { closeReasonOf, type CloseReason } from './close-reason.js';
import { PingCount } from './ping-count.js';
import { FAILURE, reasonWords } from './reason-codes.js';

/**
 * What is read at once, at most. Mosquitto queues 1,000 messages for a client and drops what comes after without a word,
 * so that many could not be told from all.
 */
const MAX_RETAINED_MESSAGES = 500;
const MAX_RETAINED_BYTES = 4 * 1024 * 1024;
/** The broker leaves out larger packets (MQTT 5 section 3.1.2.11.4) instead of sending them; MQTT 3.1.1 cannot ask for that. */
const MAX_PACKET_BYTES = 512 * 1024;

/** The retained messages that match a filter, at one moment. */
export interface Snapshot {
  readonly messages: ReadonlyMap<string, RetainedMessage>;
  /** Why these are not all; undefined if they are. */
  readonly gap?: RetainedGap;
}

/** A reading that is going on. */
interface Reading {
  readonly filter: string;
  readonly messages: Map<string, RetainedMessage>;
  bytes: number;
  /** Whether something came since the last ping. */
  isMoving: boolean;
  readonly end: (gap?: RetainedGap) => void;
}

/**
 * A connection of this service's own that reads retained messages, apart from the one for commands: whatever devices have
 * left there, of any size and number, never stands in a command's way, and is got rid of by ending the connection.
 */
export class RetainedConnection {
  readonly #client: MqttClient;
  readonly #pings = new PingCount();
  readonly #opened: Promise<boolean>;
  #settleOpened: (isOpen: boolean) => void = () => undefined;
  #reading: Reading | undefined;
  #closeReason: CloseReason | undefined;
  #isClosed = false;

  /** Begins to connect at once. */
  constructor(config: BrokerConfig, clientId: string) {
    this.#opened = new Promise((resolve) => (this.#settleOpened = resolve));
    const options = clientOptions(config, clientId);
    const isMqtt5 = config.protocolVersion === 5;
    const properties = isMqtt5 ? { properties: { maximumPacketSize: MAX_PACKET_BYTES } } : {};
    this.#client = connect({ ...options, ...properties });
    this.#listen();
  }

  /** Whether it has ended, and another one is needed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why it ended; undefined while it has not, or if this service ended it. */
  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  /**
   * Reads the retained messages that match a topic filter (none of a shared subscription), with at most the given QoS. Not
   * while another reading goes on. A reading that does not end well ends the connection.
   */
  read(filter: string, qos: 0 | 1 | 2, timeoutMs: number): Promise<Snapshot> {
    return new Promise((resolve) => {
      const messages = new Map<string, RetainedMessage>();
      const timer = setTimeout(() => reading.end('time'), timeoutMs);
      const reading: Reading = {
        filter,
        messages,
        bytes: 0,
        isMoving: false,
        end: (gap) => {
          if (this.#reading !== reading) return;
          this.#reading = undefined;
          clearTimeout(timer);
          if (gap !== undefined) this.close();
          resolve(gap === undefined ? { messages } : { messages, gap });
        },
      };
      this.#reading = reading;
      void this.#opened.then((isOpen) => {
        if (isOpen) this.#ask(reading, qos);
        else reading.end(this.#closeReason?.kind === 'denied' ? 'denied' : 'lost');
      });
    });
  }

  /** Ends the connection at once, and a reading with it. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#settleOpened(false);
    this.#pings.close();
    this.#client.end(true);
    this.#reading?.end(this.#closeReason?.kind === 'denied' ? 'denied' : 'lost');
  }

  /**
   * Subscribes and takes it back in the same breath: the broker queues what is retained while it subscribes, and nothing of
   * what is published afterwards. It answers in order, but sends messages with QoS 1 and 2 only as earlier ones are
   * acknowledged; so all have come when nothing came between a ping and its answer.
   */
  #ask(reading: Reading, qos: 0 | 1 | 2): void {
    const { filter } = reading;
    this.#client.subscribe(filter, { qos, rh: 0 }, (_error, _granted, suback?: Packet) => {
      const code = suback?.cmd === 'suback' ? Number(suback.granted[0]) : FAILURE;
      if (code < FAILURE || this.#isClosed) return;
      const message = `the broker refused the subscription to ${filter}, ${reasonWords(code)}`;
      this.#closeReason = { kind: 'denied', what: 'subscription', reasonCode: code, message };
      reading.end('denied');
    });
    this.#client.unsubscribe(filter, () => undefined);
    this.#ping(reading);
  }

  #ping(reading: Reading): void {
    reading.isMoving = false;
    this.#client.sendPing();
    this.#pings.whenAnswered((isAnswered) => {
      if (!isAnswered || this.#reading !== reading) return;
      if (reading.isMoving) this.#ping(reading);
      else reading.end();
    });
  }

  #listen(): void {
    const client = this.#client;
    client.on('connect', () => {
      const stream: unknown = client.stream;
      // Three small packets in a row would wait for each other's acknowledgement.
      if (stream instanceof Socket) stream.setNoDelay(true);
      // Counted as they come in: a single message may be larger than all that is wanted.
      client.stream.on('data', (chunk: Buffer) => this.#count(chunk.length));
      this.#settleOpened(true);
    });
    client.on('packetsend', ({ cmd }) => {
      if (cmd === 'pingreq') this.#pings.sent();
    });
    client.on('packetreceive', ({ cmd }) => {
      if (this.#reading !== undefined && (cmd === 'publish' || cmd === 'pubrel'))
        this.#reading.isMoving = true;
      if (cmd === 'pingresp') this.#pings.answered();
    });
    client.on('message', (topic, payload, packet) => this.#take(topic, payload, packet));
    client.on('error', (error) => {
      this.#closeReason ??= closeReasonOf(error);
      this.close();
    });
    client.on('close', () => this.close());
  }

  #count(bytes: number): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    reading.bytes += bytes;
    if (reading.bytes > MAX_RETAINED_BYTES) reading.end('bytes');
    // A broker without TCP_NODELAY, such as Mosquitto by default, sends the rest only when TCP has acknowledged this, which
    // takes some 40 ms unless something is sent.
    else this.#client.sendPing();
  }

  #take(topic: string, payload: Buffer, { qos, retain, properties }: IPublishPacket): void {
    const reading = this.#reading;
    // What is not retained was published just now, and the client has it itself.
    if (reading === undefined || !retain || !topicMatches(reading.filter, topic)) return;
    if (reading.messages.size === MAX_RETAINED_MESSAGES && !reading.messages.has(topic)) reading.end('count');
    else reading.messages.set(topic, { topic, payload, qos, properties: properties });
  }
}
