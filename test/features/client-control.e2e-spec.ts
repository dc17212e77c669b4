import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS, HANDING_OVER, type ControlBroker } from '../support/control-brokers.js';
import { Device } from '../support/device.js';
import { describedBy, ScriptedBroker, type ArrivedMessage } from '../support/scripted-broker.js';
import { TestService, TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';

/** The three operations, from the REST call to what a real MQTT client sees, on every kind of broker. */
describe.each([...CONTROL_BROKERS, ...HANDING_OVER])('client control on %s', (_name, startBroker) => {
  let broker: ControlBroker;
  let service: TestService;
  const devices: Device[] = [];

  beforeAll(async () => {
    broker = await startBroker();
    service = await TestService.start({ brokers: [{ id: 'b', ...broker.settings }] });
    await service.brokerState('b');
  }, 120_000);
  afterEach(async () => {
    await Promise.all(devices.splice(0).map((device) => device.end()));
  });
  afterAll(async () => {
    await service.stop();
    await broker.stop();
  });

  async function connect(options: Parameters<typeof Device.connect>[1] = {}): Promise<Device> {
    const device = await Device.connect(broker.url, { protocolVersion: broker.protocolVersion, ...options });
    devices.push(device);
    return device;
  }

  const subscribe = (device: Device, body: object): ReturnType<TestService['control']> =>
    service.control('subscribe', { clientid: device.clientId, ...body });

  /** Publishes a marker and waits for it: whatever was to come before it has come. */
  async function settle(device: Device, publisher: Device, topic: string): Promise<void> {
    const marker = `marker ${Math.random()}`;
    await publisher.publish(topic, marker);
    await device.message(marker);
  }

  describe('disconnect', () => {
    it('disconnects the client, and only that one', async () => {
      const [device, bystander] = [await connect(), await connect()];
      const { status, body } = await service.control('disconnect', { clientid: device.clientId });
      expect({ status, body }).toEqual({ status: 200, body: {} });
      await device.closed;
      if (broker.protocolVersion === 5) expect(device.disconnectReason).toBe(0x98);
      expect(bystander.mqtt.connected).toBe(true);
    });

    it('answers 404 CLIENT_NOT_FOUND for a client that is not connected', async () => {
      const { status, body } = await service.control('disconnect', { clientid: 'never was here' });
      expect(status).toBe(404);
      expect(body).toMatchObject({
        code: 'CLIENT_NOT_FOUND',
        status: 404,
        info: { clientid: 'never was here' },
      });
    });

    it('finds clients by ids with any characters', async () => {
      const device = await connect({ clientId: 'gerät "7"\\/#+ 漢字 🚀' });
      const { status } = await service.control('disconnect', { clientid: device.clientId });
      expect(status).toBe(200);
      await device.closed;
    });

    it('knows a client at once: one that has just connected is disconnected', async () => {
      for (let i = 0; i < 20; i++) {
        const device = await connect();
        expect((await service.control('disconnect', { clientid: device.clientId })).status).toBe(200);
        await device.closed;
      }
    });

    it('refuses to disconnect the service itself', async () => {
      const clientid = service.gateway.ownClientId({ projectId: 'p', brokerId: 'b' });
      const { status, body } = await service.control('disconnect', { clientid });
      expect(status).toBe(403);
      expect(body).toMatchObject({ code: 'SELF_DISCONNECT' });
      expect(service.gateway.status({ projectId: 'p', brokerId: 'b' }).state).toBe('connected');
    });
  });

  describe('subscribe', () => {
    it('gives the client the messages of the topic', async () => {
      const [device, publisher] = [await connect(), await connect()];
      const { status, body } = await subscribe(device, { topic: 'a/+/c' });
      expect({ status, body }).toEqual({ status: 204, body: '' });
      await publisher.publish('a/b/c', 'hello');
      expect(await device.message('hello')).toEqual({
        topic: 'a/b/c',
        payload: 'hello',
        qos: 0,
        retain: false,
      });
    });

    it.each([0, 1, 2] as const)('delivers at most at QoS %i when asked to', async (qos) => {
      const [device, publisher] = [await connect(), await connect()];
      const topic = `qos/${qos}`;
      await subscribe(device, { topic, qos });
      await publisher.publish(topic, 'at 2', { qos: 2 });
      expect((await device.message('at 2')).qos).toBe(qos);
    });

    it('takes the new QoS when the client is subscribed already', async () => {
      const [device, publisher] = [await connect(), await connect()];
      await subscribe(device, { topic: 'again', qos: 0 });
      expect((await subscribe(device, { topic: 'again', qos: 1 })).status).toBe(204);
      await publisher.publish('again', 'once more', { qos: 2 });
      expect((await device.message('once more')).qos).toBe(1);
      await settle(device, publisher, 'again');
      expect(device.messages.filter(({ payload }) => payload === 'once more')).toHaveLength(1);
    });

    it('answers 404 CLIENT_NOT_FOUND for a client that is not there', async () => {
      const { status, body } = await service.control('subscribe', { clientid: 'never was here', topic: 't' });
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'CLIENT_NOT_FOUND' });
    });

    it('keeps the retain flag as published when asked to, and clears it otherwise', async () => {
      const [device, publisher] = [await connect(), await connect()];
      await subscribe(device, { topic: 'rap/on', options: { retain_as_published: true } });
      await subscribe(device, { topic: 'rap/off', options: { retain_as_published: false } });
      await publisher.publish('rap/on', 'kept', { retain: true });
      await publisher.publish('rap/off', 'cleared', { retain: true });
      expect((await device.message('kept')).retain).toBe(true);
      expect((await device.message('cleared')).retain).toBe(false);
    });

    it('does not send the client its own messages with no_local', async () => {
      const [device, publisher] = [await connect(), await connect()];
      await subscribe(device, { topic: 'local', options: { no_local: true } });
      await device.publish('local', 'from itself');
      await publisher.publish('local', 'from another');
      await device.message('from another');
      expect(device.messages.map(({ payload }) => payload)).toEqual(['from another']);
    });

    it.each([
      ['always', 2],
      ['new', 1],
      ['never', 0],
    ] as const)('sends retained messages %s: %i times for two subscribes', async (send_retain, times) => {
      const [device, publisher] = [await connect(), await connect()];
      const topic = `retained/${send_retain}`;
      await publisher.publish(topic, 'stored', { retain: true });
      const body = { topic, qos: 1, options: { send_retain } };
      expect((await subscribe(device, body)).status).toBe(204);
      expect((await subscribe(device, body)).status).toBe(204);
      await settle(device, publisher, topic);
      const stored = device.messages.filter(({ payload }) => payload === 'stored');
      expect(stored).toEqual(
        Array(broker.sendsRetained ? times : 0).fill({ topic, payload: 'stored', qos: 1, retain: true }),
      );
    });

    it('needs an admin for $-topics', async () => {
      const device = await connect();
      const topic = '$SYS/#';
      const { status, body } = await subscribe(device, { topic });
      expect(status).toBe(403);
      expect(body).toMatchObject({ code: 'NOT_ALLOWED', info: { required: { role: 'admin' } } });
      const asAdmin = { clientid: device.clientId, topic };
      expect((await service.control('subscribe', asAdmin, { token: TOKENS.admin })).status).toBe(204);
    });
  });

  describe('unsubscribe', () => {
    it('ends the messages of a topic that the client was subscribed to by the service', async () => {
      const [device, publisher] = [await connect(), await connect()];
      await subscribe(device, { topic: 'off' });
      await subscribe(device, { topic: 'marker' });
      await publisher.publish('off', 'before');
      await device.message('before');
      const { status, body } = await service.control('unsubscribe', {
        clientid: device.clientId,
        topic: 'off',
      });
      expect({ status, body }).toEqual({ status: 204, body: '' });
      await publisher.publish('off', 'after');
      await settle(device, publisher, 'marker');
      expect(device.messages.map(({ payload }) => payload)).not.toContain('after');
    });

    it('ends the messages of a topic that the client subscribed to itself', async () => {
      const [device, publisher] = [await connect(), await connect()];
      await device.mqtt.subscribeAsync({ 'own/#': { qos: 1 }, marker: { qos: 0 } });
      await service.control('unsubscribe', { clientid: device.clientId, topic: 'own/#' });
      await publisher.publish('own/thing', 'after');
      await settle(device, publisher, 'marker');
      expect(device.messages.map(({ payload }) => payload)).not.toContain('after');
    });

    it('answers 404 CLIENT_NOT_FOUND for a client that is not there', async () => {
      const { status, body } = await service.control('unsubscribe', {
        clientid: 'never was here',
        topic: 't',
      });
      expect(status).toBe(404);
      expect(body).toMatchObject({ code: 'CLIENT_NOT_FOUND' });
    });
  });

  it('moves two hundred clients to a new topic at once', async () => {
    const publisher = await connect();
    const fleet = await Promise.all(Array.from({ length: 200 }, () => connect()));
    const answers = await Promise.all(fleet.map((device) => subscribe(device, { topic: 'fleet', qos: 1 })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    await publisher.publish('fleet', 'everybody');
    await Promise.all(fleet.map((device) => device.message('everybody')));
  });
});

describe('right after a connect, before the broker has told what it can do', () => {
  let broker: ScriptedBroker;
  let service: TestService;
  const questions: ArrivedMessage[] = [];

  beforeAll(async () => {
    broker = await ScriptedBroker.start();
    broker.probeScript = (message) => void questions.push(message);
    const settings = { url: broker.url, protocolVersion: 4 };
    service = await TestService.start({
      brokers: [
        { id: 'b', ...settings, retained: 'deliver' },
        { id: 'plain', ...settings },
      ],
    });
    await service.brokerState('b');
    await service.brokerState('plain');
    await until(() => questions.length === 6, 'the brokers are asked');
  });
  afterAll(async () => {
    await service.stop();
    await broker.stop();
  });

  it('a subscription waits for that where retained messages are to be handed over, and nothing else does', async () => {
    const body = { clientid: 'a', topic: 't' };
    const subscribed = service.control('subscribe', body);
    expect((await service.control('disconnect', { clientid: 'b' })).status).toBe(200);
    expect((await service.control('subscribe', body, { broker: 'plain' })).status).toBe(204);
    expect(broker.messages.map(({ api }) => api)).toEqual(['clientControl', 'clientControl']);
    questions.forEach(describedBy('subscribe'));
    expect((await subscribed).status).toBe(204);
    expect(broker.messages.map(({ api }) => api)).toEqual(['clientControl', 'clientControl', 'extension']);
  });
});
