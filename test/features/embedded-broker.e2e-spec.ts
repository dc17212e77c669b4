import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IClientOptions } from 'mqtt';
import {
  CONTROL_APIS,
  CONTROL_API_NAMES,
  type ControlApi,
} from '../../src/broker-gateway/protocol/control-api.js';
import { EmbeddedBroker } from '../../src/embedded-broker/broker/embedded-broker.js';
import { SimulatedDevices } from '../../src/embedded-broker/devices/simulated-devices.js';
import { Device } from '../support/device.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';

const CONTROL = { controlUsername: 'client-control', controlPassword: 'secret' };
const LOGIN = { username: CONTROL.controlUsername, password: CONTROL.controlPassword };
const { requestTopic } = CONTROL_APIS.clientControl;
const { responseTopic } = CONTROL_APIS.clientControl;

type Qos = 0 | 1 | 2;

/** One entry of a response. */
interface Reply {
  readonly command: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  readonly correlationData?: string;
}

interface ListedClient {
  readonly clientid: string;
  readonly [field: string]: unknown;
}

let broker: EmbeddedBroker;
let control: Device;
const devices: Device[] = [];
let correlation = 0;

async function connect(options: IClientOptions = {}): Promise<Device> {
  const device = await Device.connect(broker.url, { protocolVersion: 4, ...options });
  devices.push(device);
  return device;
}

async function connectControl(options: IClientOptions = {}): Promise<Device> {
  const connection = await connect({ ...LOGIN, ...options });
  for (const api of CONTROL_API_NAMES) {
    await connection.mqtt.subscribeAsync(CONTROL_APIS[api].responseTopic, { qos: 1 });
  }
  return connection;
}

/** Sends a request message and resolves with what comes back for it: the next message on the response topic. */
async function exchange(api: ControlApi, payload: string | Buffer, by = control): Promise<readonly Reply[]> {
  const topic = CONTROL_APIS[api].responseTopic;
  const count = (): number => by.messages.filter((message) => message.topic === topic).length;
  const before = count();
  await by.mqtt.publishAsync(CONTROL_APIS[api].requestTopic, payload, { qos: 1 });
  await until(() => count() > before, `a response on ${topic}`);
  const response = by.messages.filter((message) => message.topic === topic)[before];
  return (JSON.parse(response?.payload ?? '') as { responses: Reply[] }).responses;
}

/** Runs one command; the reply must carry its correlation data. */
async function run(api: ControlApi, command: Record<string, unknown>): Promise<Reply> {
  const correlationData = `c-${++correlation}`;
  const [reply] = await exchange(api, JSON.stringify({ commands: [{ ...command, correlationData }] }));
  expect(reply?.correlationData).toBe(correlationData);
  if (reply === undefined) throw new Error('the response is empty');
  return reply;
}

async function succeed(command: Record<string, unknown>): Promise<void> {
  expect(await run('clientControl', command)).toMatchObject({ command: command.command, data: {} });
}

interface SubscribeFields {
  readonly qos?: Qos;
  readonly options?: Readonly<Record<string, unknown>>;
}

function subscribe(device: Device, topic: string, fields: SubscribeFields = {}): Promise<void> {
  return succeed({ command: 'subscribeClient', clientid: device.clientId, topic, ...fields });
}

function unsubscribe(device: Device, topic: string): Promise<void> {
  return succeed({ command: 'unsubscribeClient', clientid: device.clientId, topic });
}

/** The payloads that the device got, up to a message that is published for this purpose now. */
async function receivedUntilNow(device: Device): Promise<string[]> {
  const marker = `marker-${++correlation}`;
  await device.mqtt.subscribeAsync(marker, { qos: 1 });
  const publisher = await connect();
  await publisher.publish(marker, marker);
  await device.message(marker);
  return device.messages.map(({ payload }) => payload).filter((payload) => !payload.startsWith('marker-'));
}

let uniqueTopics = 0;
/** A topic that no other test uses. */
const uniqueTopic = (): string => `test/${++uniqueTopics}`;

beforeAll(async () => {
  broker = await EmbeddedBroker.start({ port: 0, fallbackToFreePort: false, ...CONTROL });
});

afterEach(async () => {
  await Promise.all(devices.splice(0).map((device) => device.end()));
});

afterAll(async () => {
  await broker.close();
});

describe('the embedded broker', () => {
  it('takes a free port when the wanted one is taken, on loopback only', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const started = await EmbeddedBroker.start({ port, fallbackToFreePort: true, ...CONTROL });
    expect(started.port).not.toBe(port);
    expect(started.url).toBe(`mqtt://127.0.0.1:${started.port}`);
    await started.close();
    await expect(EmbeddedBroker.start({ port, fallbackToFreePort: false, ...CONTROL })).rejects.toThrow(
      'EADDRINUSE',
    );
    taken.close();
  });

  it('takes the wanted port when it is free', async () => {
    const port = await freePort();
    const started = await EmbeddedBroker.start({ port, fallbackToFreePort: true, ...CONTROL });
    expect(started.port).toBe(port);
    await started.close();
  });

  it('disconnects everybody when it closes, connections that never said a word included', async () => {
    const started = await EmbeddedBroker.start({ port: 0, fallbackToFreePort: false, ...CONTROL });
    const device = await Device.connect(started.url, { protocolVersion: 4 });
    const silent = new Socket().connect(started.port, '127.0.0.1');
    await once(silent, 'connect');
    silent.resume();
    await Promise.all([started.close(), started.close(), device.closed, once(silent, 'close')]);
    await expect(Device.connect(started.url, { protocolVersion: 4 })).rejects.toThrow('ECONNREFUSED');
  });

  it('loses no message that follows a retained one at once', async () => {
    const topic = uniqueTopic();
    const [receiver, sender] = [await connect(), await connect()];
    await receiver.mqtt.subscribeAsync(`${topic}/#`);
    // One network write, so that the broker has all of them at once.
    (sender.mqtt.stream as unknown as Socket).cork();
    const published = ['1', '2', '3'].map((payload) =>
      sender.publish(`${topic}/${payload}`, payload, { qos: 0, retain: payload !== '2' }),
    );
    (sender.mqtt.stream as unknown as Socket).uncork();
    await Promise.all(published);
    await Promise.all(['1', '2', '3'].map((payload) => receiver.message(payload)));
  });

  it('gives a subscription with wildcards no higher QoS than it asked for', async () => {
    const topic = uniqueTopic();
    const device = await connect();
    await device.publish(`${topic}/stored`, 'stored', { qos: 1, retain: true });
    await device.mqtt.subscribeAsync(`${topic}/#`, { qos: 0 });
    expect(await device.message('stored')).toMatchObject({ qos: 0, retain: true });
    await device.mqtt.subscribeAsync(`${topic}/#`, { qos: 1 });
    await device.publish(`${topic}/live`, 'live', { qos: 2 });
    expect(await device.message('live')).toMatchObject({ qos: 1, retain: false });
  });
});

describe('access', () => {
  beforeEach(async () => {
    control = await connectControl();
  });

  it.each([
    ['anonymous', {}],
    ['with any user name', { username: 'someone', password: 'something' }],
  ])('lets a device in: %s', async (_, options) => {
    const device = await connect(options);
    expect(device.mqtt.connected).toBe(true);
  });

  it.each(['wrong', '', 'secret\0'])('refuses the control user with the password %j', async (password) => {
    await expect(connect({ ...LOGIN, password })).rejects.toMatchObject({ code: 4 });
  });

  it('refuses the control user without a password', async () => {
    await expect(connect({ username: LOGIN.username })).rejects.toMatchObject({ code: 4 });
  });

  describe.each([0, 1, 2] as const)('at QoS %d', (qos) => {
    it('disconnects a device that publishes a command, and does not run it', async () => {
      const [victim, attacker] = [await connect(), await connect()];
      const command = { command: 'disconnectClient', clientid: victim.clientId };
      // Never acknowledged, so its promise may not settle.
      attacker.mqtt.publish(requestTopic, JSON.stringify({ commands: [command] }), { qos });
      await attacker.closed;
      expect(await receivedUntilNow(victim)).toEqual([]);
      expect(victim.mqtt.connected).toBe(true);
      expect(await receivedUntilNow(control)).toEqual([]);
    });

    it('disconnects a device that publishes a response, and delivers and keeps it nowhere', async () => {
      const attacker = await connect();
      attacker.mqtt.publish(responseTopic, '{"responses":[]}', { qos, retain: true });
      await attacker.closed;
      expect(await receivedUntilNow(control)).toEqual([]);
      const later = await connectControl();
      expect(await receivedUntilNow(later)).toEqual([]);
    });
  });

  it.each([requestTopic, responseTopic, '$SYS/x/new/clients', 'a/#'])(
    'publishes no last will on %s',
    async (topic) => {
      const victim = await connect();
      await victim.mqtt.subscribeAsync(['$SYS/+/new/#', 'a/+']);
      const command = { command: 'disconnectClient', clientid: victim.clientId };
      const payload = JSON.stringify({ commands: [command] });
      const attacker = await connect({
        will: { topic, payload: Buffer.from(payload), qos: 1, retain: true },
      });
      (attacker.mqtt.stream as unknown as Socket).destroy();
      await attacker.closed;
      expect(await receivedUntilNow(victim)).not.toContain(payload);
      expect(victim.mqtt.connected).toBe(true);
      expect(await receivedUntilNow(control)).toEqual([]);
    },
  );

  it('shows replies to nobody but the one who asked, whatever others subscribe to', async () => {
    const other = await connectControl();
    const filters = ['#', '$CONTROL/#', '$CONTROL/+/+/+/+', '+/cedalo/#', responseTopic, requestTopic];
    const spy = await connect();
    const spies = [spy, await connect({ clean: false })];
    for (const { mqtt } of spies) {
      for (const filter of filters) await mqtt.subscribeAsync(filter, { qos: 1 });
    }
    await subscribe(spy, '$CONTROL/#', { qos: 1 });
    expect(control.messages.map(({ topic }) => topic)).toEqual([responseTopic]);
    expect(control.messages[0]).toMatchObject({ qos: 0, retain: false });
    for (const device of spies) {
      await receivedUntilNow(device);
      expect(device.messages.filter(({ topic }) => topic.startsWith('$'))).toEqual([]);
    }
    expect(await receivedUntilNow(other)).toEqual([]);
  });

  it('keeps no control message for a persistent session that subscribed to everything', async () => {
    const session = { clientId: 'persistent', clean: false };
    const before = await connect(session);
    await before.mqtt.subscribeAsync(['#', '$CONTROL/#'], { qos: 1 });
    await before.end();
    await run('clientControl', { command: 'disconnectClient', clientid: 'nobody' });
    const after = await connect(session);
    expect(await receivedUntilNow(after)).toEqual([]);
    await after.mqtt.unsubscribeAsync(['#', '$CONTROL/#']);
  });

  it('refuses a device that uses the client id of the control connection, which stays connected', async () => {
    const { clientId } = control;
    for (const options of [{}, { username: 'someone' }, { clean: false }]) {
      await expect(connect({ ...options, clientId })).rejects.toMatchObject({ code: 2 });
    }
    await expect(connect({ ...LOGIN, password: 'no', clientId })).rejects.toMatchObject({
      code: 4,
    });
    expect(await run('clientInspect', { command: 'getClient', clientid: clientId })).toHaveProperty('data');
  });

  it('lets the control connection have the client id that a device uses', async () => {
    const device = await connect();
    const { clientId } = device;
    control = await connectControl({ clientId });
    await device.closed;
    expect(await run('clientInspect', { command: 'getClient', clientid: clientId })).toMatchObject({
      data: { username: LOGIN.username },
    });
  });

  it('lets devices have the client id when the control connection is gone', async () => {
    const { clientId } = control;
    await control.end();
    await until(() => connect({ clientId }).catch(() => undefined), 'the client id is free again');
  });

  it('keeps the control connection up against devices that connect with its client id all the time', async () => {
    const session = { clientId: 'wanted', clean: false };
    const first = await connect(session);
    await first.mqtt.subscribeAsync(['a', 'b', 'c']);
    const racing = Array.from({ length: 20 }, () => connect(session).catch(() => undefined));
    control = await connectControl({ clientId: 'wanted' });
    await Promise.all([...racing, ...racing.map(() => connect(session).catch(() => undefined))]);
    expect(control.mqtt.connected).toBe(true);
    expect(await run('clientInspect', { command: 'getClient', clientid: 'wanted' })).toMatchObject({
      data: { username: LOGIN.username },
    });
  });
});

describe('client control', () => {
  beforeEach(async () => {
    control = await connectControl();
  });

  it('disconnects a client', async () => {
    const device = await connect();
    await succeed({ command: 'disconnectClient', clientid: device.clientId });
    await device.closed;
    expect(
      await run('clientControl', { command: 'disconnectClient', clientid: device.clientId }),
    ).toMatchObject({
      error: 'Client not found',
    });
    expect(await run('clientInspect', { command: 'getClient', clientid: device.clientId })).toMatchObject({
      error: 'Client not found',
    });
  });

  it.each([
    [0, 2, 0],
    [1, 2, 1],
    [2, 1, 1],
    [2, 2, 2],
  ] as const)(
    'subscribes at QoS %d: a message of QoS %d arrives with QoS %d',
    async (qos, sent, received) => {
      const [device, sender] = [await connect(), await connect()];
      for (const suffix of ['', '/#']) {
        const topic = uniqueTopic();
        await subscribe(device, `${topic}${suffix}`, { qos });
        await sender.publish(topic, topic, { qos: sent });
        expect(await device.message(topic)).toEqual({ topic, payload: topic, qos: received, retain: false });
      }
    },
  );

  it('sends no more messages after it unsubscribed the client', async () => {
    const [device, sender] = [await connect(), await connect()];
    const topic = uniqueTopic();
    await subscribe(device, topic, { qos: 1 });
    await sender.publish(topic, 'before');
    await device.message('before');
    await unsubscribe(device, topic);
    await sender.publish(topic, 'after');
    expect(await receivedUntilNow(device)).toEqual(['before']);
    await unsubscribe(device, topic);
  });

  it('removes a subscription that the client made itself', async () => {
    const [device, sender] = [await connect(), await connect()];
    const topic = uniqueTopic();
    await device.mqtt.subscribeAsync(topic, { qos: 1 });
    await unsubscribe(device, topic);
    await sender.publish(topic, 'after');
    expect(await receivedUntilNow(device)).toEqual([]);
  });

  it('subscribes and unsubscribes a persistent session for good', async () => {
    const session = { clientId: 'kept', clean: false };
    const [first, sender] = [await connect(session), await connect()];
    const [kept, removed] = [uniqueTopic(), uniqueTopic()];
    await subscribe(first, kept, { qos: 1 });
    await subscribe(first, removed, { qos: 1 });
    await unsubscribe(first, removed);
    await first.end();
    await until(
      async () => 'error' in (await run('clientInspect', { command: 'getClient', clientid: 'kept' })),
      'disconnected',
    );
    await sender.publish(removed, 'removed');
    await sender.publish(kept, 'kept');
    const second = await connect(session);
    await second.message('kept');
    await sender.publish(removed, 'removed too');
    expect(await receivedUntilNow(second)).toEqual(['kept']);
  });

  describe('with send_retain', () => {
    /** What the device has got after each of two subscribe commands. */
    async function retainedAfterEach(
      options: Record<string, unknown> | undefined,
      topic: string,
    ): Promise<string[][]> {
      const [device, sender] = [await connect(), await connect()];
      await sender.publish(`${topic}/a`, 'stored', { qos: 1, retain: true });
      const fields = { qos: 1 as Qos, ...(options && { options }) };
      await subscribe(device, `${topic}/+`, fields);
      const first = await receivedUntilNow(device);
      await subscribe(device, `${topic}/+`, fields);
      const second = await receivedUntilNow(device);
      for (const message of device.messages.filter(({ payload }) => payload === 'stored')) {
        expect(message).toMatchObject({ topic: `${topic}/a`, qos: 1, retain: true });
      }
      // The subscription itself is there, whatever the retained messages do.
      await sender.publish(`${topic}/b`, 'live');
      expect(await device.message('live')).toMatchObject({ qos: 1, retain: false });
      return [first, second];
    }

    it.each([
      ['not set', undefined, [['stored'], ['stored', 'stored']]],
      ['not set among other options', { no_local: false }, [['stored'], ['stored', 'stored']]],
      ['always', { send_retain: 'always' }, [['stored'], ['stored', 'stored']]],
      ['new', { send_retain: 'new' }, [['stored'], ['stored']]],
      ['never', { send_retain: 'never' }, [[], []]],
    ])('%s', async (_, options, received) => {
      expect(await retainedAfterEach(options, uniqueTopic())).toEqual(received);
    });

    it('new, a subscription that the client made itself is not new', async () => {
      const topic = uniqueTopic();
      const [device, sender] = [await connect(), await connect()];
      await device.mqtt.subscribeAsync(topic, { qos: 1 });
      await sender.publish(topic, 'stored', { retain: true });
      await device.message('stored');
      await subscribe(device, topic, { qos: 1, options: { send_retain: 'new' } });
      expect(await receivedUntilNow(device)).toEqual(['stored']);
    });

    it('never, a later SUBSCRIBE of the client itself gets its retained messages', async () => {
      const topic = uniqueTopic();
      const [device, sender] = [await connect(), await connect()];
      await sender.publish(topic, 'stored', { retain: true });
      await subscribe(device, topic, { options: { send_retain: 'never' } });
      await device.mqtt.subscribeAsync(topic);
      await device.message('stored');
    });
  });

  it.each([true, false])('keeps the retain flag of live messages: retain_as_published %j', async (kept) => {
    const topic = uniqueTopic();
    const [device, sender] = [await connect(), await connect()];
    await subscribe(device, topic, { qos: 1, options: { retain_as_published: kept } });
    await sender.publish(topic, 'retained', { retain: true });
    await sender.publish(topic, 'not retained');
    expect(await device.message('retained')).toMatchObject({ retain: kept });
    expect(await device.message('not retained')).toMatchObject({ retain: false });
  });

  it.each([true, false])('sends a client its own messages or not: no_local %j', async (noLocal) => {
    const topic = uniqueTopic();
    const [device, sender] = [await connect(), await connect()];
    await subscribe(device, topic, { qos: 1, options: { no_local: noLocal } });
    await device.publish(topic, 'own');
    await sender.publish(topic, 'foreign');
    await device.message('foreign');
    expect(await receivedUntilNow(device)).toEqual(noLocal ? ['foreign'] : ['own', 'foreign']);
  });

  it('replaces QoS and options when it subscribes again', async () => {
    const topic = uniqueTopic();
    const device = await connect();
    const options = { no_local: true, retain_as_published: true, send_retain: 'never' };
    await subscribe(device, topic, { qos: 0, options });
    await device.publish(topic, 'first', { retain: true });
    await subscribe(device, topic, { qos: 2, options: { send_retain: 'never' } });
    await device.publish(topic, 'second', { qos: 2, retain: true });
    expect(await device.message('second')).toMatchObject({ qos: 2, retain: false });
    await subscribe(device, topic, { qos: 1, options });
    await device.publish(topic, 'third', { qos: 1 });
    // Each message once: the older subscriptions are gone.
    expect(await receivedUntilNow(device)).toEqual(['second']);
  });

  it.each([
    [{ command: 'disconnectClient' }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: '' }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: ['a'] }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: '\ud800' }, 'Invalid/missing clientid'],
    [{ command: 'disconnectClient', clientid: '__proto__' }, 'Client not found'],
    [{ command: 'disconnectClient', clientid: 'nobody' }, 'Client not found'],
    [{ command: 'subscribeClient', clientid: 'nobody', topic: 't' }, 'Client not found'],
    [{ command: 'subscribeClient', clientid: 'nobody' }, 'Invalid/missing topic'],
    [{ command: 'subscribeClient', clientid: 'nobody', topic: 'a#' }, 'Invalid/missing topic'],
    [{ command: 'subscribeClient', clientid: 'nobody', topic: 't', qos: 3 }, 'Invalid/missing qos'],
    [{ command: 'unsubscribeClient', topic: 't' }, 'Invalid/missing clientid'],
    [{ command: 'unsubscribeClient', clientid: 'nobody' }, 'Invalid/missing topic'],
    [{ command: 'unsubscribeClient', clientid: 'nobody', topic: 't' }, 'Client not found'],
    [{ command: 'listClients' }, 'Unknown command'],
    [{ command: 'constructor' }, 'Unknown command'],
  ])('answers %j with "%s"', async (command, error) => {
    expect(await run('clientControl', command)).toMatchObject({ command: command.command, error });
  });

  it('says what it cannot do: shared subscriptions, topics of more levels than aedes takes', async () => {
    const { clientId: clientid } = await connect();
    const command = 'subscribeClient';
    const shared = await run('clientControl', { command, clientid, topic: '$share/group/t' });
    expect(shared.error).toBe('Shared subscriptions are not supported');
    const deep = await run('clientControl', { command, clientid, topic: 'a/'.repeat(200) });
    expect(deep.error).toBe('topic has too many levels');
    const huge = await run('clientControl', { command, clientid, topic: 'x'.repeat(65_535) });
    expect(huge.data).toEqual({});
  });

  it('runs the rest of a batch after a malformed command', async () => {
    const device = await connect();
    const topic = uniqueTopic();
    const commands = [
      { command: 'subscribeClient', clientid: device.clientId, correlationData: '1' },
      'rubbish',
      { command: 'subscribeClient', clientid: device.clientId, topic, qos: 1, correlationData: '3' },
      { command: 'getClient', clientid: device.clientId, correlationData: '4' },
    ];
    expect(await exchange('clientControl', JSON.stringify({ commands }))).toEqual([
      { command: 'subscribeClient', error: 'Invalid/missing topic', correlationData: '1' },
      { command: 'Unknown command', error: 'Command not an object' },
      { command: 'subscribeClient', data: {}, correlationData: '3' },
      { command: 'getClient', error: 'Unknown command', correlationData: '4' },
    ]);
    await device.publish(topic, 'live');
    await device.message('live');
  });

  it('survives requests that are none', async () => {
    const device = await connect();
    const hostile = [
      '',
      'no json',
      Buffer.from([0xff, 0x00, 0xc3, 0x28]),
      '['.repeat(100_000),
      `{"commands":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      '{"__proto__":{"commands":[]}}',
      '{"commands":[{"command":"getClient","clientid":{"__proto__":null},"correlationData":"\\ud800"}]}',
      JSON.stringify({ commands: Array.from({ length: 20_000 }, () => ({ command: 'disconnectClient' })) }),
    ];
    for (const payload of hostile) {
      for (const api of CONTROL_API_NAMES) {
        const replies = await exchange(api, payload);
        expect(replies.length).toBeGreaterThan(0);
        expect(replies.every(({ error }) => error !== undefined && error !== 'Internal error')).toBe(true);
      }
    }
    await subscribe(device, uniqueTopic());
  });

  it('answers when clients come and go while their commands run', async () => {
    for (let round = 0; round < 20; round += 1) {
      const device = await connect({ clean: round % 2 === 0, clientId: `fleeting-${round}` });
      const target = { clientid: device.clientId, topic: 't' };
      const commands = [
        { command: 'subscribeClient', ...target },
        { command: 'unsubscribeClient', ...target },
        { command: 'disconnectClient', ...target },
        { command: 'subscribeClient', ...target },
        { command: 'unsubscribeClient', ...target },
      ];
      const answer = exchange('clientControl', JSON.stringify({ commands }));
      if (round % 4 < 2) (device.mqtt.stream as unknown as Socket).destroy();
      expect(await answer).toHaveLength(commands.length);
      await device.closed;
    }
  });

  it('is not held up by a client that does not read', async () => {
    const topic = uniqueTopic();
    const [stuck, sender] = [await connect(), await connect()];
    await stuck.mqtt.subscribeAsync(topic);
    (stuck.mqtt.stream as unknown as Socket).pause();
    const flood = Array.from({ length: 200 }, () => sender.publish(topic, 'x'.repeat(100_000), { qos: 0 }));
    await Promise.all(flood);
    expect(await run('clientInspect', { command: 'getClient', clientid: stuck.clientId })).toHaveProperty(
      'data',
    );
    await succeed({ command: 'disconnectClient', clientid: stuck.clientId });
  });
});

describe('client inspect', () => {
  beforeEach(async () => {
    control = await connectControl();
  });

  it('lists clients page by page in the order of connection', async () => {
    const ids = ['page-c', 'page-a', 'page-b'];
    for (const clientId of ids) await connect({ clientId });
    // The connections of the test before may not be gone yet.
    await until(async () => {
      const { data } = await run('clientInspect', { command: 'listClients', count: 0 });
      return data?.totalCount === 1 + ids.length;
    }, 'only these are connected');
    const listed: ListedClient[] = [];
    let totalCount: unknown;
    do {
      const { data } = await run('clientInspect', {
        command: 'listClients',
        offset: listed.length,
        count: 2,
      });
      const clients = data?.clients as ListedClient[];
      expect(clients.length).toBeLessThanOrEqual(2);
      totalCount = data?.totalCount;
      listed.push(...clients);
    } while (listed.length < Number(totalCount));
    expect(listed.map(({ clientid }) => clientid)).toEqual([control.clientId, ...ids]);
    const all = await run('clientInspect', { command: 'listClients', count: -1 });
    expect(all.data).toEqual({ totalCount: 4, clients: listed });
    expect(listed[1]).toEqual({
      clientid: 'page-c',
      username: '<anonymous>',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v3.1.1',
      connected: true,
      lastConnect: expect.any(Number),
      lastDisconnect: null,
    });
  });

  it('shows one client in full', async () => {
    const before = Date.now();
    const device = await connect({
      clientId: 'shown',
      username: 'someone',
      keepalive: 33,
      clean: false,
      will: { topic: 'gone/shown', payload: Buffer.from('gone'), qos: 1, retain: true },
    });
    await device.mqtt.subscribeAsync('own/#', { qos: 1 });
    await subscribe(device, 'added', { qos: 1 });
    const { data } = await run('clientInspect', { command: 'getClient', clientid: 'shown' });
    expect(data).toEqual({
      clientid: 'shown',
      username: 'someone',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v3.1.1',
      connected: true,
      lastConnect: expect.any(Number),
      lastDisconnect: null,
      keepalive: 33,
      cleanSession: false,
      listener: { port: broker.port, bind_address: '127.0.0.1' },
      will: { topic: 'gone/shown', qos: 1, retain: true },
      numSubscriptions: 2,
      subscriptions: ['own/#', 'added'],
    });
    expect(data?.lastConnect).toBeGreaterThanOrEqual(before);
    expect(data?.lastConnect).toBeLessThanOrEqual(Date.now());
    const verbose = await run('clientInspect', { command: 'listClients', verbose: true });
    expect(verbose.data?.clients).toContainEqual(data);
  });

  it('tells MQTT 3.1 from MQTT 3.1.1, and leaves out a last will that is not there', async () => {
    const { clientId } = await connect({ clientId: 'old', protocolVersion: 3, protocolId: 'MQIsdp' });
    const { data } = await run('clientInspect', { command: 'getClient', clientid: clientId });
    expect(data).toMatchObject({ protocolVersion: 'v3.1', subscriptions: [], numSubscriptions: 0 });
    expect(data).not.toHaveProperty('will');
  });

  it('lists a client whose id was taken over once', async () => {
    const first = await connect({ clientId: 'twice' });
    await connect({ clientId: 'twice', username: 'second' });
    await first.closed;
    const { data } = await run('clientInspect', { command: 'listClients' });
    const twice = (data?.clients as ListedClient[]).filter(({ clientid }) => clientid === 'twice');
    expect(twice).toMatchObject([{ username: 'second' }]);
  });

  it.each([
    [{ command: 'getClient' }, 'Invalid/missing clientid'],
    [{ command: 'getClient', clientid: 'nobody' }, 'Client not found'],
    [{ command: 'listClients', count: 'all' }, 'Invalid/missing count'],
    [{ command: 'listClients', offset: -1 }, 'Invalid/missing offset'],
    [{ command: 'listClients', verbose: 'yes' }, 'Invalid/missing verbose'],
    [{ command: 'disconnectClient', clientid: 'nobody' }, 'Unknown command'],
  ])('answers %j with "%s"', async (command, error) => {
    expect(await run('clientInspect', command)).toMatchObject({ command: command.command, error });
  });
});

describe('the simulated devices', () => {
  beforeEach(async () => {
    control = await connectControl();
  });

  it('publish readings, listen for commands, and come back when they are disconnected', async () => {
    const observer = await connect();
    const simulated = await SimulatedDevices.start(broker.url);
    try {
      await observer.mqtt.subscribeAsync('devices/+/temperature');
      const topics = [1, 2, 3].map((number) => `devices/sensor-${number}/temperature`);
      await until(
        () => topics.every((wanted) => observer.messages.some(({ topic }) => topic === wanted)),
        'a reading of every device',
      );
      expect(JSON.parse(observer.messages[0]?.payload ?? '')).toEqual({
        celsius: expect.any(Number),
        at: expect.any(String),
      });
      const sensor = async (): Promise<Readonly<Record<string, unknown>> | undefined> =>
        (await run('clientInspect', { command: 'getClient', clientid: 'sensor-1' })).data;
      const isListening = async (): Promise<boolean> =>
        JSON.stringify((await sensor())?.subscriptions) === '["devices/sensor-1/commands"]';
      await until(isListening, 'sensor-1 listens');
      const connectedAt = (await sensor())?.lastConnect;
      await succeed({ command: 'disconnectClient', clientid: 'sensor-1' });
      expect(await sensor()).toBeUndefined();
      await until(isListening, 'sensor-1 is back');
      expect((await sensor())?.lastConnect).toBeGreaterThan(Number(connectedAt));
    } finally {
      await simulated.stop();
    }
    await until(async () => {
      const { data } = await run('clientInspect', { command: 'listClients' });
      return !JSON.stringify(data).includes('sensor-');
    }, 'all devices are gone');
  });

  it('stop while the broker is gone', async () => {
    const shortLived = await EmbeddedBroker.start({ port: 0, fallbackToFreePort: false, ...CONTROL });
    const simulated = await SimulatedDevices.start(shortLived.url, 2);
    await shortLived.close();
    await simulated.stop();
  });
});
