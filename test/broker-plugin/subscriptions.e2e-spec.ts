import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { IPublishPacket, MqttClient } from 'mqtt';

import { freePort } from '../support/free-port.js';
import { Mosquitto } from '../support/mosquitto.js';
import { ControlClient, INSPECT, present } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { GATEWAY, PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { preparePluginTarget } from './support/plugin-target.js';
import { Recorder } from './support/recorder.js';

const done = expect.objectContaining({ data: {} });
const clientNotFound = expect.objectContaining({ error: 'Client not found' });

// Fetching and building have no part in the time of a test.
beforeAll(() => void preparePluginTarget('2.1'), 180_000);

let broker: PluginBroker;
let control: ControlClient;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await broker.stop();
  for (const stop of stops.splice(0)) await stop();
});

async function start(options: Partial<PluginBrokerOptions> = {}): Promise<void> {
  broker = await new PluginBroker({ ...preparePluginTarget('2.1'), ...options }).start();
  control = await ControlClient.connect(broker, { clientId: 'control' });
}

/** The next message a client gets on a topic, with its properties. */
function nextPacket(client: MqttClient, topic: string): Promise<IPublishPacket> {
  return new Promise((resolve) => {
    client.on('message', (arrived, _, packet) => {
      if (arrived === topic) resolve(packet);
    });
  });
}

/** How many messages the broker keeps, as it says itself once a second: counted after this was called. */
async function messagesKept(): Promise<number> {
  const client = await broker.connect();
  const heard = new Recorder(client);
  await client.subscribeAsync('$SYS/broker/#', { qos: 0, rh: 2 });
  await heard.until('$SYS/broker/uptime');
  await heard.until('$SYS/broker/uptime');
  const stored = nextPacket(client, '$SYS/broker/store/messages/count');
  // What did not change is not said again, but is retained.
  await client.subscribeAsync('$SYS/broker/store/messages/count', { qos: 0 });
  const count = Number((await stored).payload.toString());
  await client.endAsync();
  return count;
}

describe('a subscription of Mosquitto 2.1 that is changed on a client’s behalf', () => {
  it('keeps the Subscription Identifier that the client gave it', async () => {
    await start();
    const client = await broker.connect({ clientId: 'identified' });
    await client.subscribeAsync('data/#', { qos: 0, properties: { subscriptionIdentifier: 7 } });
    const command = { command: 'subscribeClient', clientid: 'identified', topic: 'data/#', qos: 1 };
    expect(await control.command(command)).toEqual(done);

    const packet = nextPacket(client, 'data/1');
    await control.mqtt.publishAsync('data/1', 'x', { qos: 1 });
    expect((await packet).qos).toBe(1);
    expect((await packet).properties?.subscriptionIdentifier).toBe(7);
  });

  it('has an identifier no more when the client has dropped it and subscribes without one', async () => {
    await start();
    const client = await broker.connect({ clientId: 'identified' });
    await client.subscribeAsync('data/#', { qos: 0, properties: { subscriptionIdentifier: 7 } });
    await client.unsubscribeAsync('data/#');
    await client.subscribeAsync('data/#', { qos: 0 });
    await control.command({ command: 'subscribeClient', clientid: 'identified', topic: 'data/#', qos: 1 });

    const packet = nextPacket(client, 'data/1');
    await control.mqtt.publishAsync('data/1', 'x', { qos: 1 });
    expect((await packet).properties?.subscriptionIdentifier).toBeUndefined();
  });
});

describe('a subscription above the max_qos of the client’s listener, which the plugin’s option names', () => {
  it.each([0])('leaves nothing in the store of Mosquitto 2.1, max_qos %i', async (maxQos) => {
    await start({
      secondListener: [`max_qos ${maxQos}`],
      pluginOptions: ['allow_username gateway', `max_qos ${maxQos}`],
      globalConfig: ['sys_interval 1'],
    });
    await broker.connect({ clientId: 'limited', second: true });
    const command = { command: 'subscribeClient', clientid: 'limited', topic: 'data', qos: 2 };
    await control.command(command);
    const publisher = await broker.connect();
    const before = await messagesKept();

    for (let i = 0; i < 100; i++) await publisher.publishAsync('data', 'x', { qos: 2 });
    // However the command was answered, what is published is either delivered or not, but never kept.
    expect((await messagesKept()) - before).toBeLessThan(50);
  });
});

describe('who has no session of a client’s own', () => {
  it('is not found: a bridge, which goes on', async () => {
    const remote = await Mosquitto.start({ port: await freePort() });
    stops.push(() => remote.stop());
    await start({
      config: [
        'connection cloud',
        `address 127.0.0.1:${remote.port}`,
        'local_clientid the-bridge',
        'topic out/# out 1',
        'topic in/# in 1',
        'notifications false',
      ],
    });
    const here = await broker.connect();
    const received = new Recorder(here);
    await here.subscribeAsync('in/#');
    const far = await (await import('mqtt')).default.connectAsync(remote.url, { protocolVersion: 5 });
    stops.unshift(() => far.endAsync());
    const farReceived = new Recorder(far);
    await far.subscribeAsync('out/#');
    await broker.waitForLog(/Connecting bridge|CONNECT/i);

    for (const command of ['unsubscribeClient', 'subscribeClient']) {
      const response = await control.command({ command, clientid: 'the-bridge', topic: 'out/#', qos: 1 });
      expect(response).toEqual(clientNotFound);
    }
    expect(await control.command({ command: 'disconnectClient', clientid: 'the-bridge' })).toEqual(
      clientNotFound,
    );
    const again = setInterval(() => {
      here.publish('out/1', 'x', { qos: 1 });
      far.publish('in/1', 'x', { qos: 1 });
    }, 200);
    try {
      await farReceived.until('out/1');
      await received.until('in/1');
    } finally {
      clearInterval(again);
    }
  });

  it('is neither listed nor subscribed: one that only waits for its delayed will', async () => {
    await start();
    const dying = await broker.connect({
      clientId: 'dying',
      will: { topic: 'will', payload: 'gone', properties: { willDelayInterval: 600 } },
    });
    const closed = eventOf(dying, 'close');
    dying.stream.destroy();
    await closed;
    await broker.waitForLog(/dying .*(closed|disconnected)/);

    const { clients, totalCount } = present(
      (await control.command({ command: 'listClients' }, INSPECT)).data,
    ) as { clients: { clientid: string }[]; totalCount: number };
    expect(clients.map(({ clientid }) => clientid)).toEqual(['control']);
    expect(totalCount).toBe(1);
    expect(await control.command({ command: 'getClient', clientid: 'dying' }, INSPECT)).toEqual(
      clientNotFound,
    );
    for (const command of ['subscribeClient', 'unsubscribeClient', 'disconnectClient']) {
      expect(await control.command({ command, clientid: 'dying', topic: 'a', qos: 0 })).toEqual(
        clientNotFound,
      );
    }
  });
});

describe('what is subscribed on behalf of a client', () => {
  it('is known, and taken away, however many subscriptions the client has made itself', async () => {
    await start({ pluginOptions: [`allow_username ${GATEWAY}`, 'state_dir {dir}'] });
    const own = new OwnEndpoint(control);
    const device = await broker.connect({ clientId: 'many' });
    for (let i = 0; i < 1000; i += 100) {
      await device.subscribeAsync(Array.from({ length: 100 }, (_, k) => `own/${i + k}`));
    }
    const standing = { name: 'n', select: { clientid: 'many' }, topic: 'standing' };
    expect(await own.ask('setStandingSubscription', standing)).toMatchObject({ clients: 1, skipped: 0 });
    expect(await own.ask('getStandingSubscription', { name: 'n' })).toMatchObject({ clients: 1 });
    await own.ask('subscribeClient', { clientid: 'many', topic: 'by/hand' });
    // One more of its own is not remembered; what was made for it counts for nothing there.
    await device.subscribeAsync('own/1000');
    const { subscriptions } = await own.ask<{ subscriptions: { by: string }[] }>('getClient', {
      clientid: 'many',
    });
    expect(subscriptions.filter(({ by }) => by !== 'client')).toHaveLength(2);
    expect(subscriptions).toHaveLength(1002);

    expect(await own.ask('deleteStandingSubscription', { name: 'n', unsubscribe: true })).toEqual({
      unsubscribed: 1,
    });
    expect(await own.ask('unsubscribeClient', { clientid: 'many', topic: 'by/hand' })).toEqual({
      absent: false,
    });
    const recorder = new Recorder(device);
    for (const topic of ['standing', 'by/hand', 'own/1000'])
      await control.mqtt.publishAsync(topic, 'x', { qos: 1 });
    expect((await recorder.until('own/1000')).map(({ topic }) => topic)).toEqual(['own/1000']);
  });

  it('while it is away is lowered to the max_qos of the listener where it comes back', async () => {
    await start({ pluginOptions: [`allow_username ${GATEWAY}`, 'state_dir {dir}', 'max_qos 0 {port}'] });
    const own = new OwnEndpoint(control);
    const session = { clientId: 'away', clean: false, properties: { sessionExpiryInterval: 600 } };
    const device = await broker.connect(session);
    await device.subscribeAsync('own', { qos: 2 });
    await device.endAsync();
    await own.ask('subscribeClient', { clientid: 'away', topic: 'by/hand', qos: 2 });
    await own.ask('setStandingSubscription', {
      name: 'n',
      select: { clientid: 'away' },
      topic: 'standing',
      qos: 1,
    });
    await own.ask('deleteStandingSubscription', { name: 'n' });
    await broker.connect(session);
    const { subscriptions } = await own.ask('getClient', { clientid: 'away' });
    expect(subscriptions).toEqual([
      expect.objectContaining({ topic: 'own', qos: 2 }),
      expect.objectContaining({ topic: 'by/hand', qos: 0, by: 'control' }),
      expect.objectContaining({ topic: 'standing', qos: 0, by: 'standing' }),
    ]);
  });
});
