import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IDisconnectPacket, IPublishPacket, MqttClient } from 'mqtt';

import { ControlClient } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { type ClientOptions, PluginBroker } from './support/plugin-broker.js';
import { type MosquittoVersion, type PluginTarget, preparePluginTarget } from './support/plugin-target.js';
import { type Recorded, Recorder } from './support/recorder.js';

const clientNotFound = expect.objectContaining({ error: 'Client not found' });
const done = expect.objectContaining({ data: {} });

describe.each<MosquittoVersion>(['2.0', '2.1'])('disconnectClient on Mosquitto %s', (version) => {
  let target: PluginTarget;
  let broker: PluginBroker;
  let control: ControlClient;

  beforeAll(async () => {
    target = preparePluginTarget(version);
    broker = await new PluginBroker({ ...target, webSocket: true }).start();
    control = await ControlClient.connect(broker, { clientId: 'control' });
  }, 180_000);
  afterAll(() => broker.stop());

  const disconnect = (clientid: unknown) => control.command({ command: 'disconnectClient', clientid });

  it('closes the connection of an MQTT 5 client with reason 0x98, administrative action', async () => {
    const client = await broker.connect({ clientId: 'v5' });
    const farewell = eventOf(client, 'disconnect') as Promise<[IDisconnectPacket]>;
    const closed = eventOf(client, 'close');

    expect(await disconnect('v5')).toEqual({
      command: 'disconnectClient',
      data: {},
      correlationData: expect.any(String),
    });
    expect((await farewell)[0].reasonCode).toBe(0x98);
    await closed;
  });

  it('closes the connection of an MQTT 3.1.1 client', async () => {
    const client = await broker.connect({ clientId: 'v4', protocolVersion: 4 });
    const closed = eventOf(client, 'close');

    expect(await disconnect('v4')).toEqual(done);
    await closed;
  });

  it('closes the connection of a WebSocket client', async () => {
    const client = await broker.connect({ clientId: 'ws', webSocket: true });
    // On 2.0 the plugin takes a WebSocket client for connected when it has subscribed, or after a while.
    await client.subscribeAsync('any');
    const closed = eventOf(client, 'close');

    expect(await disconnect('ws')).toEqual(done);
    await closed;
  });

  it('leaves other clients connected', async () => {
    const other = await broker.connect({ clientId: 'bystander' });
    await broker.connect({ clientId: 'victim' });

    await disconnect('victim');
    await other.subscribeAsync('still/here');
    expect(other.connected).toBe(true);
  });

  it.each(['', null, undefined, 7, {}, 'a\u0000b', 'a\nb'])(
    'refuses the client id %j and disconnects nobody',
    async (clientid) => {
      const other = await broker.connect({ clientId: 'a' });

      expect(await disconnect(clientid)).toEqual(
        expect.objectContaining({ error: 'Invalid/missing clientid' }),
      );
      await other.subscribeAsync('still/here');
      expect(other.connected).toBe(true);
      await other.endAsync();
    },
  );

  it('answers `Client not found` for a client that never was', async () => {
    expect(await disconnect('nobody')).toEqual(clientNotFound);
  });

  it.each([4, 5] as const)(
    'answers `Client not found` for an offline session of MQTT version %i',
    async (protocolVersion) => {
      const session = { clientId: `offline-${protocolVersion}`, protocolVersion, clean: false };
      const client = await broker.connect({ ...session, properties: { sessionExpiryInterval: 600 } });
      await client.endAsync();

      expect(await disconnect(session.clientId)).toEqual(clientNotFound);
      expect(await disconnect(session.clientId)).toEqual(clientNotFound);
    },
  );

  it('keeps a persistent session and what it subscribed to', async () => {
    const session = { clientId: 'persistent', clean: false, properties: { sessionExpiryInterval: 600 } };
    const client = await broker.connect(session);
    await client.subscribeAsync('kept/#', { qos: 1 });
    const closed = eventOf(client, 'close');
    await disconnect('persistent');
    await closed;
    await control.mqtt.publishAsync('kept/while-away', 'x', { qos: 1 });

    const back = await reconnectRecording(broker, session);
    expect(await back.until('kept/while-away')).toHaveLength(1);
  });

  it('disconnects a sender that names itself after its reply', async () => {
    const self = await ControlClient.connect(broker, { clientId: 'self' });
    const closed = eventOf(self.mqtt, 'close');

    expect(await self.command({ command: 'disconnectClient', clientid: 'self' })).toEqual(done);
    await closed;
  });

  it('publishes the will by default', async () => {
    const watcher = await broker.connect();
    const seen = new Recorder(watcher);
    await watcher.subscribeAsync('will/#');
    await broker.connect({ clientId: 'mortal', will: { topic: 'will/mortal', payload: 'gone' } });

    await disconnect('mortal');
    expect(await seen.until('will/mortal')).toEqual([expect.objectContaining({ payload: 'gone' })]);
  });

  it('logs every command with who asked for it', async () => {
    await disconnect('logged-target');
    await broker.waitForLog(
      /client-control: disconnectClient client 'logged-target': Client not found \(user 'gateway', client 'control', address 127\.0\.0\.1\)/,
    );
  });

  it('answers many commands of one message each with its own correlation data', async () => {
    const clients = await Promise.all([1, 2, 3].map((n) => broker.connect({ clientId: `batch-${n}` })));
    const closed = clients.map((client) => eventOf(client, 'close'));
    const responses = await control.batch([
      { command: 'disconnectClient', clientid: 'batch-1' },
      { command: 'disconnectClient', clientid: 'nobody' },
      { command: 'noSuchCommand' },
      { command: 'disconnectClient', clientid: 'batch-2' },
      {},
      { command: 'disconnectClient', clientid: 'batch-3' },
    ]);

    expect(responses.map((response) => response.error)).toEqual([
      undefined,
      'Client not found',
      'Unknown command',
      undefined,
      'Missing command',
      undefined,
    ]);
    await Promise.all(closed);
  });

  it('replies to the sender alone', async () => {
    const eavesdropper = await broker.connect();
    const heard = new Recorder(eavesdropper);
    await eavesdropper.subscribeAsync(['$CONTROL/#', 'end']);

    await disconnect('nobody');
    await control.mqtt.publishAsync('end', '');
    expect(await heard.until('end')).toHaveLength(1);
  });

  it.each([
    ['a username that is not listed', { username: 'stranger' }],
    ['no username', { username: undefined }],
  ])('answers `Not authorized` to a sender with %s', async (_, options) => {
    const stranger = await ControlClient.connect(broker, options);
    const other = await broker.connect({ clientId: 'protected' });

    const response = await stranger.command({ command: 'disconnectClient', clientid: 'protected' });
    expect(response).toEqual(expect.objectContaining({ error: 'Not authorized' }));
    await broker.waitForLog(
      /Warning: client-control: user '(stranger|<anonymous>)' .* is not allowed to send commands/,
    );
    await other.subscribeAsync('still/here');
    expect(other.connected).toBe(true);
    await other.endAsync();
  });
});

describe('disconnectClient with plugin_opt_disconnect_with_will false on Mosquitto 2.1', () => {
  it('does not publish the will, and leaves the delayed will of an offline session alone', async () => {
    const broker = new PluginBroker({
      ...preparePluginTarget('2.1'),
      pluginOptions: ['allow_username gateway', 'disconnect_with_will false'],
    });
    try {
      await broker.start();
      const control = await ControlClient.connect(broker);
      const seen = new Recorder(control.mqtt);
      await control.mqtt.subscribeAsync(['will/#', 'end']);
      const mortal = await broker.connect({
        clientId: 'mortal',
        will: { topic: 'will/mortal', payload: 'gone' },
      });
      const delayed = await broker.connect({
        clientId: 'delayed',
        clean: false,
        properties: { sessionExpiryInterval: 600 },
        will: { topic: 'will/delayed', payload: 'gone', properties: { willDelayInterval: 3 } },
      });
      const closed = Promise.all([eventOf(mortal, 'close'), eventOf(delayed, 'close')]);
      delayed.stream.destroy();

      await control.command({ command: 'disconnectClient', clientid: 'mortal' });
      await closed;
      await broker.waitForLog(/delayed .*(closed|disconnected)/);
      expect(await control.command({ command: 'disconnectClient', clientid: 'delayed' })).toEqual(
        clientNotFound,
      );
      await control.mqtt.publishAsync('end', '');
      expect((await seen.until('end')).map(({ topic }) => topic).filter((t) => !t.startsWith('$'))).toEqual([
        'end',
      ]);
      expect((await seen.until('will/delayed')).at(-1)).toEqual(expect.objectContaining({ payload: 'gone' }));
    } finally {
      await broker.stop();
    }
  });
});

describe('subscribeClient and unsubscribeClient on Mosquitto 2.1', () => {
  let broker: PluginBroker;
  let control: ControlClient;
  let client: MqttClient;
  let received: Recorder;
  let count = 0;

  beforeAll(async () => {
    broker = await new PluginBroker({
      ...preparePluginTarget('2.1'),
      config: ['acl_file {dir}/acl'],
      files: {
        acl: [
          'topic readwrite #',
          'user gateway',
          'topic readwrite #',
          'topic readwrite $CONTROL/#',
          'user restricted',
          'topic read end',
          'topic deny secret/#',
        ].join('\n'),
      },
    }).start();
    control = await ControlClient.connect(broker, { clientId: 'control' });
  }, 180_000);
  afterAll(() => broker.stop());

  beforeEach(async () => {
    client = await broker.connect({ clientId: `device-${++count}` });
    received = new Recorder(client);
    await client.subscribeAsync('end', { qos: 2 });
  });

  const subscribe = (topic: unknown, more: object = {}, clientid: unknown = client.options.clientId) =>
    control.command({ command: 'subscribeClient', clientid, topic, ...more });
  const unsubscribe = (topic: unknown, clientid: unknown = client.options.clientId) =>
    control.command({ command: 'unsubscribeClient', clientid, topic });
  const publish = (topic: string, qos: 0 | 1 | 2 = 0, retain = false) =>
    control.mqtt.publishAsync(topic, 'x', { qos, retain });
  /** What the client got up to now, without the end marker. */
  const arrived = async () => {
    await control.mqtt.publishAsync('end', '', { qos: 2 });
    return (await received.until('end')).slice(0, -1);
  };

  it('makes the client receive, until it is unsubscribed', async () => {
    expect(await subscribe('data/+')).toEqual(done);
    await publish('data/1');
    expect(await arrived()).toEqual([expect.objectContaining({ topic: 'data/1' })]);

    expect(await unsubscribe('data/+')).toEqual(done);
    await publish('data/2');
    expect(await arrived()).toEqual([]);
  });

  it.each([0, 1, 2] as const)('delivers at QoS %i when asked to', async (qos) => {
    await subscribe('qos', { qos });
    await publish('qos', 2);
    expect(await arrived()).toEqual([expect.objectContaining({ qos })]);
  });

  it('takes QoS 0 when none is given', async () => {
    await subscribe('qos');
    await publish('qos', 2);
    expect(await arrived()).toEqual([expect.objectContaining({ qos: 0 })]);
  });

  it('gives a subscription that exists the new options, and one message each', async () => {
    await client.subscribeAsync('twice', { qos: 0 });
    expect(await subscribe('twice', { qos: 1 })).toEqual(done);
    expect(await subscribe('twice', { qos: 1 })).toEqual(done);
    await publish('twice', 2);
    expect(await arrived()).toEqual([expect.objectContaining({ qos: 1 })]);
  });

  it('honours no_local', async () => {
    await subscribe('own', { options: { no_local: true } });
    await client.publishAsync('own', 'mine', { qos: 1 });
    await publish('own', 1);
    expect(await arrived()).toEqual([expect.objectContaining({ payload: 'x' })]);
  });

  it('honours retain_as_published', async () => {
    await subscribe('rap/yes', { options: { retain_as_published: true } });
    await subscribe('rap/no');
    await publish('rap/yes', 1, true);
    await publish('rap/no', 1, true);
    expect((await arrived()).map(({ topic, retain }) => [topic, retain])).toEqual([
      ['rap/yes', true],
      ['rap/no', false],
    ]);
  });

  it.each(['always', 'new', 'never', null])(
    'accepts send_retain %j and sends no retained message',
    async (send_retain) => {
      await publish('retained', 1, true);
      expect(await subscribe('retained', { options: { send_retain } })).toEqual(done);
      expect(await arrived()).toEqual([]);
      await publish('retained', 1);
      expect(await arrived()).toHaveLength(1);
    },
  );

  it('subscribes to a shared subscription', async () => {
    const other = await broker.connect({ clientId: 'sharing' });
    const otherReceived = new Recorder(other);
    await other.subscribeAsync(['end', '$share/group/work'], { qos: 2 });
    expect(await subscribe('$share/group/work', { qos: 2 })).toEqual(done);

    await publish('work', 2);
    await publish('work', 2);
    const mine = await arrived();
    const theirs = (await otherReceived.until('end')).slice(0, -1);
    expect([mine.length, theirs.length]).toEqual([1, 1]);
  });

  it('works on an offline session, and the subscription survives its reconnects', async () => {
    const session = { clientId: 'away', clean: false, properties: { sessionExpiryInterval: 600 } };
    await (await broker.connect(session)).endAsync();
    expect(await subscribe('news', { qos: 1 }, 'away')).toEqual(done);
    await publish('news', 1);

    const first = await reconnectRecording(broker, session);
    await first.until('news');
    await first.client.endAsync();
    await publish('news', 1);
    const second = await reconnectRecording(broker, session);
    await second.until('news');
  });

  it('forgets the subscription with a session that ends', async () => {
    const session = { clientId: 'brief' };
    const brief = await broker.connect(session);
    await subscribe('brief/news', { qos: 1 }, 'brief');
    await brief.endAsync();
    const back = await reconnectRecording(broker, session);
    await back.client.subscribeAsync('end');
    await publish('brief/news', 1);
    await publish('end', 1);
    expect(await back.until('end')).toHaveLength(1);
  });

  it('does not check the subscribe ACL, but no message passes that the client may not read', async () => {
    const restricted = await broker.connect({ clientId: 'restricted', username: 'restricted' });
    const seen = new Recorder(restricted);
    await restricted.subscribeAsync('end');
    expect(await subscribe('secret/#', { qos: 1 }, 'restricted')).toEqual(done);
    await publish('secret/plan', 1);
    await publish('end', 1);
    expect(await seen.until('end')).toHaveLength(1);
  });

  it('lets unsubscribing from what was not subscribed succeed', async () => {
    expect(await unsubscribe('never/was')).toEqual(done);
  });

  it('answers `Client not found` where there is no session', async () => {
    expect(await subscribe('a', {}, 'nobody')).toEqual(clientNotFound);
    expect(await unsubscribe('a', 'nobody')).toEqual(clientNotFound);
  });

  it.each([
    ['Invalid/missing clientid', 'a', {}, ''],
    ['Invalid/missing topic', '', {}, 'control'],
    ['Invalid/missing topic', 'a\u0000b', {}, 'control'],
    ['Invalid topic filter', 'a/#/b', {}, 'control'],
    ['Invalid topic filter', '$share/group', {}, 'control'],
    ['Invalid topic filter', `${'a/'.repeat(300)}a`, {}, 'control'],
    ['Invalid qos', 'a', { qos: 3 }, 'control'],
    ['Invalid qos', 'a', { qos: '1' }, 'control'],
    ['Invalid options', 'a', { options: { send_retain: 'sometimes' } }, 'control'],
    ['Invalid options', 'a', { options: { no_local: 'yes' } }, 'control'],
    [
      'no_local is not allowed on a shared subscription',
      '$share/g/a',
      { options: { no_local: true } },
      'control',
    ],
  ])('answers `%s` for the topic %j with %j', async (error, topic, more, clientid) => {
    expect(await subscribe(topic, more, clientid)).toEqual(expect.objectContaining({ error }));
  });
});

describe('subscribeClient with other settings of Mosquitto 2.1', () => {
  it('makes a subscription that a restart of the broker keeps, with persistence true', async () => {
    const broker = await new PluginBroker({
      ...preparePluginTarget('2.1'),
      config: ['persistence true', 'persistence_location {dir}/'],
    }).start();
    try {
      const session = { clientId: 'away', clean: false, properties: { sessionExpiryInterval: 600 } };
      await (await broker.connect(session)).endAsync();
      const command = { command: 'subscribeClient', clientid: 'away', topic: 'news', qos: 1 };
      expect(await (await ControlClient.connect(broker)).command(command)).toEqual(done);

      expect(await broker.shutDown()).toBe(0);
      await broker.start();
      const control = await ControlClient.connect(broker);
      const disconnect = { command: 'disconnectClient', clientid: 'away' };
      expect(await control.command(disconnect)).toEqual(clientNotFound);
      await control.mqtt.publishAsync('news', 'x', { qos: 1 });
      await (await reconnectRecording(broker, session)).until('news');
    } finally {
      await broker.stop();
    }
  });

  it('works on the clients of every listener with per_listener_settings and global_plugin', async () => {
    const broker = new PluginBroker({
      ...preparePluginTarget('2.1'),
      directive: 'global_plugin',
      webSocket: true,
      globalConfig: ['per_listener_settings true'],
    });
    try {
      await broker.start();
      const control = await ControlClient.connect(broker);
      const client = await broker.connect({ clientId: 'browser', webSocket: true });
      const closed = eventOf(client, 'close');
      expect(await control.command({ command: 'disconnectClient', clientid: 'browser' })).toEqual(done);
      await closed;
    } finally {
      await broker.stop();
    }
  });
});

describe('on Mosquitto 2.0, without track_clients', () => {
  it.each([
    ['disconnectClient', '$CONTROL/cedalo/client-control/v1'],
    ['subscribeClient', '$CONTROL/cedalo/client-control/v1'],
    ['unsubscribeClient', '$CONTROL/cedalo/client-control/v1'],
    ['listClients', '$CONTROL/cedalo/inspect/v1'],
    ['getClient', '$CONTROL/cedalo/inspect/v1'],
  ])('%s answers that it is not supported', async (command, topic) => {
    const pluginOptions = ['allow_username gateway'];
    const broker = await new PluginBroker({ ...preparePluginTarget('2.0'), pluginOptions }).start();
    try {
      const control = await ControlClient.connect(broker, { clientId: 'control' });
      const response = await control.command({ command, clientid: 'control', topic: 'a', qos: 0 }, topic);
      expect(response).toEqual(
        expect.objectContaining({ command, error: 'Not supported by this Mosquitto version' }),
      );
    } finally {
      await broker.stop();
    }
  });
});

/** Connects a session again, with a recorder that also has what the broker sent before connect() was done. */
async function reconnectRecording(broker: PluginBroker, session: ClientOptions) {
  const early: Recorded[] = [];
  const client = await broker.connect({
    ...session,
    // Called for each message before it is acknowledged; all that such sessions are sent here has QoS 1.
    customHandleAcks: (topic, message, packet: IPublishPacket, acknowledge) => {
      early.push({ topic, payload: message.toString(), qos: packet.qos, retain: packet.retain });
      acknowledge(0);
    },
  });
  const recorder = new Recorder(client);
  const until = async (topic: string): Promise<Recorded[]> =>
    early.some((message) => message.topic === topic) ? early.splice(0) : recorder.until(topic);
  return { client, until };
}
