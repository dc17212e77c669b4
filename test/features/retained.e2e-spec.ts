import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { IPublishPacket } from 'mqtt';
import { preparePluginTarget } from '../broker-plugin/support/plugin-target.js';
import { CONTROL_BROKERS } from '../support/control-brokers.js';
import { Device } from '../support/device.js';
import { Mosquitto } from '../support/mosquitto.js';
import { passwordFile } from '../support/password-file.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';

const DEVICE = { username: 'vendor-x', password: 'password of a device' };
const LOGIN = { username: 'gateway', password: 'password of the tests' };

interface Settings {
  /** Lines of mosquitto.conf. */
  readonly config?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Keys of the broker's entry in the service's configuration. */
  readonly broker?: object;
}

/** A Mosquitto whose plugin takes retained messages, and a service that hands them over. */
class Rig {
  private readonly devices: Device[] = [];

  private constructor(
    readonly mosquitto: Mosquitto,
    readonly service: TestService,
  ) {}

  static async start({ config = [], files = {}, broker = {} }: Settings = {}): Promise<Rig> {
    const { binary, library } = preparePluginTarget('2.1');
    const mosquitto = await Mosquitto.start({
      binary,
      files: {
        passwords: passwordFile({ [LOGIN.username]: LOGIN.password, [DEVICE.username]: DEVICE.password }),
        ...files,
      },
      config: [
        'allow_anonymous true',
        'password_file {dir}/passwords',
        'max_packet_size 268435455',
        ...config,
        `plugin ${library}`,
        `plugin_opt_allow_username ${LOGIN.username}`,
        'plugin_opt_deliver_retained true',
      ],
    });
    const entry = { id: 'b', url: mosquitto.url, ...LOGIN, retained: 'deliver', ...broker };
    const service = await TestService.start({ brokers: [entry] });
    await service.brokerState('b');
    await service.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' });
    return new Rig(mosquitto, service);
  }

  async connect(options: Parameters<typeof Device.connect>[1] = {}): Promise<Device> {
    const device = await Device.connect(this.mosquitto.url, options);
    this.devices.push(device);
    return device;
  }

  /** Leaves retained messages, in order. */
  async retain(messages: Readonly<Record<string, string>>): Promise<void> {
    const device = await this.connect();
    for (const [topic, payload] of Object.entries(messages))
      await device.publish(topic, payload, { retain: true });
  }

  subscribe(
    device: Device,
    topic: string,
    more: object = {},
    token: string = TOKENS.editor,
  ): Promise<Answer> {
    const options = { send_retain: 'always' };
    return this.service.control(
      'subscribe',
      { clientid: device.clientId, topic, options, ...more },
      { token },
    );
  }

  async retained(): Promise<unknown> {
    const { body } = await this.service.get('/api/projects/p/brokers/b');
    const { features, featureDetails } = body as Record<string, Record<string, unknown>>;
    return { state: features?.retained, words: (featureDetails?.retained as { words: string }).words };
  }

  async endDevices(): Promise<void> {
    await Promise.all(this.devices.splice(0).map((device) => device.end()));
  }

  async stop(): Promise<void> {
    await this.endDevices();
    await this.service.stop();
    await this.mosquitto.stop();
  }
}

/** What a subscribe was answered with. */
const answerOf = ({ status, headers }: Answer): [number, string | null] => [
  status,
  headers.get('x-retained'),
];

const payloads = (device: Device): string[] => device.messages.map(({ payload }) => payload);

describe('retained messages that the service hands over', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
  }, 120_000);
  afterEach(() => rig.endDevices());
  afterAll(() => rig.stop());

  it('are all that match, as they were published, each at its own QoS, before the answer', async () => {
    const [device, publisher] = [await rig.connect(), await rig.connect()];
    const packets: IPublishPacket[] = [];
    device.mqtt.on('message', (_topic, _payload, packet) => packets.push(packet));
    const properties = {
      contentType: 'text/plain',
      responseTopic: 'answers',
      correlationData: Buffer.from([0, 255]),
      payloadFormatIndicator: true,
      messageExpiryInterval: 1000,
      userProperties: { a: ['1', '2'], b: 'ü' },
    };
    await publisher.mqtt.publishAsync('all/1', 'one', { qos: 2, retain: true, properties });
    await publisher.publish('all/2', 'two', { qos: 1, retain: true });
    await publisher.publish('all/3/deep', Buffer.from([1, 2]).toString(), { qos: 0, retain: true });
    await publisher.publish('else', 'not this', { retain: true });

    expect(answerOf(await rig.subscribe(device, 'all/#', { qos: 2 }))).toEqual([204, '3']);
    await until(() => packets.length === 3, 'three messages');
    const found = packets.map(({ topic, qos, retain }) => ({ topic, qos, retain }));
    expect(found.sort((a, b) => a.topic.localeCompare(b.topic))).toEqual([
      { topic: 'all/1', qos: 2, retain: true },
      { topic: 'all/2', qos: 1, retain: true },
      { topic: 'all/3/deep', qos: 0, retain: true },
    ]);
    const first = packets.find(({ topic }) => topic === 'all/1');
    expect(first?.properties).toMatchObject({ ...properties, messageExpiryInterval: expect.any(Number) });
  });

  it('never reach topics that begin with $ through a wildcard', async () => {
    await rig.retain({ 'plain/1': 'x' });
    const device = await rig.connect();
    for (const topic of ['#', '+/broker/version']) await rig.subscribe(device, topic);
    await device.message('x');
    expect(device.messages.filter(({ topic }) => topic.startsWith('$'))).toEqual([]);
    expect((await rig.subscribe(device, '$SYS/broker/version')).status).toBe(403);
    const asAdmin = await rig.subscribe(device, '$SYS/broker/version', {}, TOKENS.admin);
    expect(answerOf(asAdmin)).toEqual([204, '1']);
    await until(() => device.messages.some(({ topic }) => topic === '$SYS/broker/version'), 'the version');
  });

  it('are none for a shared subscription, and none for who is not connected', async () => {
    await rig.retain({ 'shared/1': 'x' });
    const device = await rig.connect();
    expect(answerOf(await rig.subscribe(device, '$share/group/shared/1'))).toEqual([204, null]);
    const away = await rig.connect({ clean: false, properties: { sessionExpiryInterval: 100 } });
    await away.end();
    await until(
      async () => (await rig.subscribe(away, 'shared/1')).headers.get('x-retained') === null,
      'offline',
    );
    const back = await rig.connect({ clientId: away.clientId, clean: false });
    await rig.subscribe(back, 'marker');
    await (await rig.connect()).publish('marker', 'end');
    await back.message('end');
    expect([...payloads(device), ...payloads(back)]).toEqual(['end']);
  });

  it('are at most 500, and the answer says that there are more', async () => {
    const publisher = await rig.connect();
    const topics = Array.from({ length: 600 }, (_, i) => `many/${i}`);
    await Promise.all(topics.map((topic) => publisher.publish(topic, 'x', { retain: true })));
    const device = await rig.connect();
    expect(answerOf(await rig.subscribe(device, 'many/+'))).toEqual([204, '500;incomplete=count']);
    await until(() => device.messages.length === 500, '500 messages');
    // What is too much for one does not stand in the next one's way.
    expect(answerOf(await rig.subscribe(device, 'many/7', { qos: 1 }))).toEqual([204, '1']);
    await Promise.all(topics.map((topic) => publisher.publish(topic, '', { retain: true })));
  });

  it('are at most 4 MiB, and the answer says that there are more', async () => {
    const publisher = await rig.connect();
    for (let i = 0; i < 20; i++)
      await publisher.publish(`big/${i}`, String(i % 10).repeat(300_000), { retain: true });
    const device = await rig.connect();
    const [status, told] = answerOf(await rig.subscribe(device, 'big/#', { qos: 1 }));
    expect(status).toBe(204);
    expect(told).toMatch(/^\d+;incomplete=bytes$/);
    const delivered = Number.parseInt(told ?? '', 10);
    expect(delivered).toBeGreaterThan(5);
    expect(delivered).toBeLessThan(15);
    await until(() => device.messages.length === delivered, 'as many messages as told');
    for (let i = 0; i < 20; i++) await publisher.publish(`big/${i}`, '', { retain: true });
  });

  it('leave out one of 200 MB, which costs neither the service nor the others anything', async () => {
    const publisher = await rig.connect();
    const before = process.memoryUsage().rss;
    await publisher.mqtt.publishAsync('huge/a', Buffer.alloc(200_000_000), { qos: 1, retain: true });
    await publisher.publish('huge/b', 'small', { retain: true });
    const device = await rig.connect();
    expect(answerOf(await rig.subscribe(device, 'huge/#', { qos: 1 }))).toEqual([204, '1']);
    await device.message('small');
    expect(payloads(device)).toEqual(['small']);
    await publisher.publish('huge/a', '', { retain: true });
    expect(before).toBeGreaterThan(0);
  });

  it('end with the newest one, whatever is published meanwhile', async () => {
    const publisher = await rig.connect();
    const topic = 'changing/state';
    const settled: string[] = [];
    const expected: string[] = [];
    await publisher.publish(topic, '0', { retain: true });
    for (let round = 0; round < 100 && settled.length <= 10; round++) {
      const device = await rig.connect();
      const answer = rig.subscribe(device, topic, { qos: 1 });
      let last = '';
      for (let i = 0; i < 8; i++) {
        await publisher.publish(topic, (last = `${round}.${i}`), { retain: true });
        await delay(Math.random() * 3);
      }
      expect((await answer).status).toBe(204);
      await publisher.publish(topic, 'end');
      await device.message('end');
      if (answerOf(await answer)[1] === '1') settled.push(payloads(device).slice(-2).join());
      else expect(answerOf(await answer)[1]).toBe('1;incomplete=changing');
      expected.push(`${last},end`);
      await device.end();
    }
    expect(settled.length).toBeGreaterThan(10);
    expect(expected).toEqual(expect.arrayContaining(settled));
  });

  it('are handed over in calls for many, too', async () => {
    await rig.retain({ 'fleet/all': 'for all' });
    const fleet = await Promise.all(Array.from({ length: 50 }, () => rig.connect()));
    const { body } = await rig.service.request('POST', '/api/projects/p/brokers/b/client-control/bulk', {
      body: {
        operations: fleet.map(({ clientId }) => ({
          action: 'subscribe',
          clientid: clientId,
          topic: 'fleet/+',
        })),
      },
    });
    const { items } = body as { items: { outcome: string; retained: unknown }[] };
    expect(new Set(items.map(({ outcome, retained }) => `${outcome} ${JSON.stringify(retained)}`))).toEqual(
      new Set(['done {"delivered":1}']),
    );
    await Promise.all(fleet.map((device) => device.message('for all')));
  });

  it('hold up no other command, whatever devices leave, publish and do meanwhile', async () => {
    const [publisher, flooder] = [await rig.connect(), await rig.connect()];
    const topics = Array.from({ length: 5000 }, (_, i) => `hostile/${i}`);
    await Promise.all(topics.map((topic) => publisher.publish(topic, 'x'.repeat(100), { retain: true })));
    const over = new AbortController();
    const flood = (async () => {
      for (let i = 0; !over.signal.aborted; i++)
        await flooder.publish(`hostile/${i % 10}`, `${i}`, { retain: true });
    })();
    const comeAndGo = (async () => {
      while (!over.signal.aborted) await (await rig.connect({ clientId: 'restless' })).end();
    })();
    const handing = Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const clientid = i % 2 === 0 ? 'restless' : publisher.clientId;
        const body = { clientid, topic: i % 3 === 0 ? `hostile/${i}` : 'hostile/#', qos: 1 };
        const { status, headers } = await rig.service.control('subscribe', body);
        return `${status} ${headers.get('x-retained')?.replace(/^\d+/, 'n') ?? 'none'}`;
      }),
    );
    const waits: number[] = [];
    for (let i = 0; i < 50; i++) {
      const startedAt = performance.now();
      expect((await rig.service.control('disconnect', { clientid: 'nobody' })).status).toBe(404);
      waits.push(performance.now() - startedAt);
      await delay(10);
    }
    const answers = await handing;
    over.abort();
    await Promise.all([flood, comeAndGo]);
    const allowed = /^(404 none|204 (none|n|n;incomplete=(count|bytes|time|changing|refused)))$/;
    expect(answers.filter((answer) => !allowed.test(answer))).toEqual([]);
    expect(answers.some((answer) => answer.endsWith('count'))).toBe(true);
    expect(waits.sort((a, b) => a - b)[45]).toBeLessThan(3000);
    await Promise.all(topics.map((topic) => publisher.publish(topic, '', { retain: true })));
  }, 180_000);

  it('are told in the API to work', async () => {
    expect(await rig.retained()).toEqual({
      state: 'available',
      words: expect.stringContaining('hands them over'),
    });
  });

  it('come again after the broker was restarted', async () => {
    const device = await rig.connect();
    await rig.subscribe(device, 'again/1');
    await rig.mosquitto.kill();
    await rig.service.brokerState('b', 'disconnected');
    await rig.mosquitto.start();
    await rig.service.brokerState('b');
    await rig.retain({ 'again/1': 'back' });
    const next = await rig.connect();
    await until(async () => answerOf(await rig.subscribe(next, 'again/1'))[1] === '1', 'handed over');
    await next.message('back');
  });

  it('are handed over to the last when a changed configuration takes over meanwhile', async () => {
    await rig.retain({ 'change/1': 'kept' });
    const device = await rig.connect();
    const ref = { projectId: 'p', brokerId: 'b' };
    const before = rig.service.gateway.ownClientId(ref);
    const subscribe = { action: 'subscribe', clientid: device.clientId, topic: 'change/1' };
    const called = rig.service.request('POST', '/api/projects/p/brokers/b/client-control/bulk', {
      body: { operations: Array.from({ length: 200 }, () => subscribe) },
    });
    await device.message('kept');
    const { config } = rig.service;
    const projects = config.current.projects.map((project) => ({
      ...project,
      brokers: project.brokers.map((broker) => ({ ...broker, maxBatch: broker.maxBatch - 1 })),
    }));
    config.replace({ ...config.current, projects });
    await until(() => rig.service.gateway.ownClientId(ref) !== before, 'the change has taken over');
    const { items } = (await called).body as { items: { outcome: string; retained: unknown }[] };
    expect(items).toHaveLength(200);
    expect(new Set(items.map(({ outcome, retained }) => `${outcome} ${JSON.stringify(retained)}`))).toEqual(
      new Set(['done {"delivered":1}']),
    );
  });
});

describe('the reading of retained messages', () => {
  let rig: Rig | undefined;
  afterEach(() => rig?.stop());

  const start = async (settings: Settings): Promise<Rig> => (rig = await Rig.start(settings));

  it('is bounded on MQTT 3.1.1, too, which cannot tell the broker to leave out a large message', async () => {
    const { subscribe, connect } = bound(await start({ broker: { protocolVersion: 4 } }));
    const publisher = await connect();
    await publisher.mqtt.publishAsync('huge', Buffer.alloc(50_000_000), { qos: 1, retain: true });
    const device = await connect();
    expect(answerOf(await subscribe(device, 'huge'))).toEqual([204, '0;incomplete=bytes']);
    expect(answerOf(await subscribe(device, 'nothing/here'))).toEqual([204, '0']);
  });

  it('is done with the rights of the service: what it may not read is not handed over', async () => {
    const acl = ['topic readwrite open/#', 'topic readwrite closed/#', `user ${LOGIN.username}`];
    const own = ['topic readwrite $CONTROL/#', 'topic read open/#'];
    const files = { acl: [...acl, ...own].join('\n') + '\n' };
    const { subscribe, connect, retain } = bound(await start({ config: ['acl_file {dir}/acl'], files }));
    await retain({ 'open/1': 'open', 'closed/1': 'closed' });
    const device = await connect();
    expect(answerOf(await subscribe(device, 'closed/1'))).toEqual([204, '0']);
    expect(answerOf(await subscribe(device, 'open/1'))).toEqual([204, '1']);
    await device.message('open');
    expect(payloads(device)).toEqual(['open']);
  });

  it('is left alone where a second connection would take the place of the first', async () => {
    const { subscribe, connect, retained, service } = bound(
      await start({ config: ['use_username_as_clientid true'] }),
    );
    const device = await connect({ ...DEVICE, clientId: DEVICE.username });
    expect(answerOf(await subscribe(device, 'a'))).toEqual([204, '0;incomplete=denied']);
    expect(await retained()).toEqual({
      state: 'unsupported',
      words: expect.stringContaining('another client id'),
    });
    expect(service.gateway.status({ projectId: 'p', brokerId: 'b' }).state).toBe('connected');
  });

  it('says when the broker does not let it in', async () => {
    const { subscribe, connect, retained } = bound(await start({ config: ['max_connections 2'] }));
    const device = await connect();
    const [status, told] = answerOf(await subscribe(device, 'a'));
    expect([status, told]).toEqual([204, expect.stringMatching(/^0;incomplete=(denied|lost)$/)]);
    await retained();
  });

  it('is not done unless it is configured, which the API says', async () => {
    const { subscribe, connect, retained, retain } = bound(await start({ broker: { retained: 'off' } }));
    await retain({ a: 'x' });
    const device = await connect();
    expect(answerOf(await subscribe(device, 'a'))).toEqual([204, null]);
    expect(await retained()).toEqual({
      state: 'unavailable',
      words: expect.stringContaining('retained: deliver'),
    });
  });
});

describe.each(CONTROL_BROKERS)('features.retained of %s', (_name, startBroker) => {
  it('says whether retained messages are sent', async () => {
    const broker = await startBroker();
    const service = await TestService.start({
      brokers: [{ id: 'b', ...broker.settings, retained: 'deliver' }],
    });
    await service.brokerState('b');
    await service.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' });
    const { body } = await service.get('/api/projects/p/brokers/b');
    expect(body).toMatchObject({
      features: { retained: broker.sendsRetained ? 'available' : 'unavailable' },
    });
    await service.stop();
    await broker.stop();
  }, 180_000);
});

/** A rig whose methods can be taken apart. */
function bound(rig: Rig): Pick<Rig, 'subscribe' | 'connect' | 'retain' | 'retained' | 'service'> {
  return {
    subscribe: (...args) => rig.subscribe(...args),
    connect: (...args) => rig.connect(...args),
    retain: (...args) => rig.retain(...args),
    retained: () => rig.retained(),
    service: rig.service,
  };
}
