import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { IClientOptions } from 'mqtt';
import {
  CONTROL_APIS,
  CONTROL_API_NAMES,
  type ControlApi,
} from '../../../../src/broker-gateway/protocol/control-api.js';
import { EmbeddedBroker } from '../../../../src/embedded-broker/broker/embedded-broker.js';
import { Device } from '../../../support/device.js';
import { until } from '../../../support/until.js';

/** How the brokers of these tests are started, but for the port. */
export const CONTROL = { controlUsername: 'client-control', controlPassword: 'secret' };
/** How the control connection logs in. */
export const LOGIN = { username: CONTROL.controlUsername, password: CONTROL.controlPassword };

export type Qos = 0 | 1 | 2;

/** One entry of a response. */
export interface Reply {
  readonly command: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly code?: string;
  readonly info?: Readonly<Record<string, unknown>>;
  readonly correlationData?: string;
}

/** One entry of a list of clients. */
export interface ListedClient {
  readonly clientid: string;
  readonly [field: string]: unknown;
}

/** Fields of `subscribeClient`. */
export interface SubscribeFields {
  readonly qos?: Qos;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** An embedded broker for all tests of a file, with a control connection for each, and raw MQTT clients that end with the test. */
export class EmbeddedRig {
  #broker: EmbeddedBroker | undefined;
  #control: Device | undefined;
  #counter = 0;
  readonly #devices: Device[] = [];

  /** Starts and stops it around the tests of the file that calls this. */
  static use(): EmbeddedRig {
    const rig = new EmbeddedRig();
    beforeAll(async () => {
      rig.#broker = await EmbeddedBroker.start({ port: 0, fallbackToFreePort: false, ...CONTROL });
    });
    beforeEach(async () => {
      rig.control = await rig.connectControl();
    });
    afterEach(async () => {
      await Promise.all(rig.#devices.splice(0).map((device) => device.end()));
    });
    afterAll(() => rig.#broker?.close());
    return rig;
  }

  get broker(): EmbeddedBroker {
    if (this.#broker === undefined) throw new Error('not started');
    return this.#broker;
  }

  get control(): Device {
    if (this.#control === undefined) throw new Error('not started');
    return this.#control;
  }

  set control(connection: Device) {
    this.#control = connection;
  }

  async connect(options: IClientOptions = {}): Promise<Device> {
    const device = await Device.connect(this.broker.url, { protocolVersion: 4, ...options });
    this.#devices.push(device);
    return device;
  }

  async connectControl(options: IClientOptions = {}): Promise<Device> {
    const connection = await this.connect({ ...LOGIN, ...options });
    for (const api of CONTROL_API_NAMES) {
      await connection.mqtt.subscribeAsync(CONTROL_APIS[api].responseTopic, { qos: 1 });
    }
    return connection;
  }

  /** Sends a request message and resolves with what comes back for it: the next responses on the response topic. */
  async exchange(api: ControlApi, payload: string | Buffer, by = this.control): Promise<readonly Reply[]> {
    const topic = CONTROL_APIS[api].responseTopic;
    const responses = (): { payload: string }[] =>
      by.messages.filter((message) => message.topic === topic && message.payload.startsWith('{"responses":'));
    const before = responses().length;
    await by.mqtt.publishAsync(CONTROL_APIS[api].requestTopic, payload, { qos: 1 });
    await until(() => responses().length > before, `a response on ${topic}`);
    return (JSON.parse(responses()[before]?.payload ?? '') as { responses: Reply[] }).responses;
  }

  /** Runs one command; the reply must carry its correlation data. */
  async run(api: ControlApi, command: Record<string, unknown>): Promise<Reply> {
    const correlationData = `c-${++this.#counter}`;
    const [reply] = await this.exchange(api, JSON.stringify({ commands: [{ ...command, correlationData }] }));
    expect(reply?.correlationData).toBe(correlationData);
    if (reply === undefined) throw new Error('the response is empty');
    return reply;
  }

  /** Runs a command of our own endpoint; it must succeed. @returns its data */
  async ask(command: string, fields: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const reply = await this.run('extension', { command, ...fields });
    expect(reply.error).toBeUndefined();
    return { ...reply.data };
  }

  /** Runs a command of our own endpoint; it must fail. @returns its error, code and info */
  async fail(command: string, fields: Record<string, unknown> = {}): Promise<Partial<Reply>> {
    const { error, code, info } = await this.run('extension', { command, ...fields });
    return { ...(error && { error }), ...(code && { code }), ...(info && { info }) };
  }

  /** Runs a command of the Pro control API; it must succeed. */
  async succeed(command: Record<string, unknown>): Promise<void> {
    expect(await this.run('clientControl', command)).toMatchObject({ command: command.command, data: {} });
  }

  subscribe(device: Device, topic: string, fields: SubscribeFields = {}): Promise<void> {
    return this.succeed({ command: 'subscribeClient', clientid: device.clientId, topic, ...fields });
  }

  unsubscribe(device: Device, topic: string): Promise<void> {
    return this.succeed({ command: 'unsubscribeClient', clientid: device.clientId, topic });
  }

  /** The payloads that the device got, up to a message that is published for this purpose now. */
  async receivedUntilNow(device: Device): Promise<string[]> {
    const marker = `marker-${++this.#counter}`;
    await device.mqtt.subscribeAsync(marker, { qos: 1 });
    const publisher = await this.connect();
    await publisher.publish(marker, marker);
    await device.message(marker);
    return device.messages.map(({ payload }) => payload).filter((payload) => !payload.startsWith('marker-'));
  }

  /** A topic, or an id, that no other test of the file uses. */
  unique(prefix = 'test/'): string {
    return `${prefix}${++this.#counter}`;
  }
}
