import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { IClientOptions } from 'mqtt';
import { CONTROL_APIS } from '../../../../src/broker-gateway/protocol/control-api.js';
import { Device } from '../../../support/device.js';
import { until } from '../../../support/until.js';
import { DEVICE_PASSWORD, type EndpointBroker } from './endpoint-brokers.js';

const { requestTopic, responseTopic } = CONTROL_APIS.extension;

/** The subscriptions of a client, as `getClient` shows them. */
export interface ShownSubscription {
  readonly topic: string;
  readonly qos: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly identifier?: number;
  readonly by: 'client' | 'control' | 'standing';
}

/** One entry of a response. */
export interface Reply {
  readonly command: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly code?: string;
  readonly info?: Readonly<Record<string, unknown>>;
  readonly correlationData?: string;
}

/** An event of `watchEvents`. */
export interface ClientEvent {
  readonly type: string;
  readonly clientid: string;
  readonly [field: string]: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** A connection that commands. */
export class ControlConnection {
  #counter = 0;
  /** How many of the device's messages have been parsed. */
  #parsed = 0;
  readonly #arrived: Record<'responses' | 'events', unknown[]> = { responses: [], events: [] };

  constructor(readonly device: Device) {}

  /** What arrived on the response topic, parsed, from a position on. */
  arrived<T>(kind: 'responses' | 'events', from = 0): T[] {
    for (const { topic, payload } of this.device.messages.slice(this.#parsed)) {
      this.#parsed += 1;
      if (topic !== responseTopic) continue;
      const { responses = [], events = [] } = JSON.parse(payload) as Partial<Record<typeof kind, unknown[]>>;
      this.#arrived.responses.push(...responses);
      this.#arrived.events.push(...events);
    }
    return this.#arrived[kind].slice(from) as T[];
  }

  /** Sends commands in one message and gives their replies in the order of the commands. */
  async runAll(commands: readonly Fields[]): Promise<Reply[]> {
    const ids = commands.map(() => `${this.device.clientId}-${++this.#counter}`);
    const payload = { commands: commands.map((each, i) => ({ ...each, correlationData: ids[i] })) };
    const before = this.arrived('responses').length;
    await this.device.mqtt.publishAsync(requestTopic, JSON.stringify(payload), { qos: 1 });
    const found = await until(
      () => {
        const replies = this.arrived<Reply>('responses', before);
        const mine = ids.map((id) => replies.find(({ correlationData }) => correlationData === id));
        return mine.every((reply) => reply !== undefined) && mine;
      },
      `replies to ${JSON.stringify(payload).slice(0, 500)}`,
    );
    return found;
  }

  async run(command: Fields): Promise<Reply> {
    const [reply] = await this.runAll([command]);
    if (reply === undefined) throw new Error('no reply');
    expect(reply.command).toBe(command.command);
    return reply;
  }

  /** Runs a command that must succeed. @returns its data */
  async ask<T = Record<string, unknown>>(command: string, fields: Fields = {}): Promise<T> {
    const { error, code, info, data } = await this.run({ command, ...fields });
    expect({ error, code, info }).toEqual({});
    return data as T;
  }

  /** Runs a command that must fail. @returns its code and info */
  async fail(command: string, fields: Fields = {}): Promise<Pick<Reply, 'code' | 'info'>> {
    const { error, code, info, data } = await this.run({ command, ...fields });
    expect(data).toBeUndefined();
    expect(error).toEqual(expect.any(String));
    return { ...(code !== undefined && { code }), ...(info && { info }) };
  }
}

/** A broker for all tests of a `describe`, a control connection for each test, and devices that end with the test. */
export class EndpointRig {
  #broker: EndpointBroker | undefined;
  #control: ControlConnection | undefined;
  readonly #devices: Device[] = [];
  #counter = 0;

  /** Starts and stops it around the tests of the `describe` that calls this; `cleanUp` runs after each test. */
  static use(
    start: () => Promise<EndpointBroker>,
    cleanUp?: (rig: EndpointRig) => Promise<void>,
  ): EndpointRig {
    const rig = new EndpointRig();
    beforeAll(async () => {
      rig.#broker = await start();
    }, 180_000);
    beforeEach(async () => {
      rig.#control = await rig.connectControl();
    });
    afterEach(async () => {
      await cleanUp?.(rig);
      await Promise.all(rig.#devices.splice(0).map((device) => device.end()));
    });
    afterAll(() => rig.#broker?.stop());
    return rig;
  }

  get broker(): EndpointBroker {
    if (this.#broker === undefined) throw new Error('not started');
    return this.#broker;
  }

  get control(): ControlConnection {
    if (this.#control === undefined) throw new Error('not started');
    return this.#control;
  }

  /** A client id, topic or name that no other test uses. */
  unique(prefix: string): string {
    return `${prefix}-${process.pid}-${++this.#counter}`;
  }

  async connectControl(): Promise<ControlConnection> {
    const device = await this.connect({ ...this.broker.login, clientId: this.unique('control') });
    await device.mqtt.subscribeAsync(responseTopic, { qos: 1 });
    return new ControlConnection(device);
  }

  /** Connects a device, of a client id of its own where none is given, with the password that goes with its username. */
  async connect(options: IClientOptions & { webSocket?: boolean } = {}): Promise<Device> {
    const { webSocket = false, ...rest } = options;
    const url = webSocket ? (this.broker.webSocketUrl ?? '') : this.broker.url;
    const device = await Device.connect(url, {
      protocolVersion: this.broker.protocolVersion,
      clientId: this.unique('device'),
      ...(rest.username === undefined ? {} : { password: DEVICE_PASSWORD }),
      ...rest,
    });
    this.#devices.push(device);
    return device;
  }

  /** Options of a session that outlives its connection. */
  persistent(clientId: string): IClientOptions {
    return { clientId, clean: false, properties: { sessionExpiryInterval: 600 } };
  }

  /** Leaves a session behind that nobody is connected to. */
  async leaveSession(clientId: string, topics: string[] = []): Promise<void> {
    const device = await this.connect(this.persistent(clientId));
    if (topics.length > 0) await device.mqtt.subscribeAsync(topics, { qos: 1 });
    await device.mqtt.endAsync();
    await this.untilOffline(clientId);
  }

  /** Waits until the broker has seen that a client is gone. */
  async untilOffline(clientId: string): Promise<void> {
    await until(async () => {
      const { data } = await this.control.run({ command: 'getClient', clientid: clientId });
      return data?.connected !== true;
    }, `${clientId} is offline`);
  }

  /** The reason code of the CONNACK that refuses a client; fails if it is let in. */
  async refusal(options: IClientOptions): Promise<number | undefined> {
    const refused = await this.connect(options).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused === undefined) throw new Error('the client was let in');
    return (refused as { code?: number }).code;
  }

  /** The payloads, without the marks, that a device got up to a message that is published for this purpose now. */
  async receivedUntilNow(device: Device): Promise<string[]> {
    const mark = this.unique('mark');
    await device.mqtt.subscribeAsync(mark, { qos: 1 });
    await this.control.device.publish(mark, mark);
    await device.message(mark);
    return device.messages.map(({ payload }) => payload).filter((payload) => !payload.startsWith('mark-'));
  }

  async subscriptions(clientId: string): Promise<ShownSubscription[]> {
    const { subscriptions } = await this.control.ask<{ subscriptions: ShownSubscription[] }>('getClient', {
      clientid: clientId,
    });
    return subscriptions;
  }
}
