import { once } from 'node:events';
import { connect } from 'node:net';

import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient } from './support/control-client.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { preparePluginTarget } from './support/plugin-target.js';
import { connectPacket, RawClient } from './support/raw-client.js';

const session = { clientId: 'device', clean: false, protocolVersion: 4 as const };

beforeAll(() => void preparePluginTarget('2.1'), 180_000);

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(options: Partial<PluginBrokerOptions> = {}): Promise<OwnEndpoint> {
  broker = new PluginBroker({
    ...preparePluginTarget('2.1'),
    pluginOptions: ['allow_username gateway', 'state_dir {dir}'],
    ...options,
  });
  await broker.start();
  return new OwnEndpoint(await ControlClient.connect(broker, { clientId: 'control' }));
}

/** Logs in, and is gone before the broker can acknowledge it. */
async function logInAndBreak(clean: boolean): Promise<void> {
  const logBefore = broker.log.length;
  const socket = connect(broker.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await broker.waitForLog(new RegExp(`New connection from \\S+:${socket.localPort} `), logBefore);
  process.kill(broker.pid, 'SIGSTOP');
  await new Promise((written) => socket.write(connectPacket({ ...session, clean }), written));
  socket.resetAndDestroy();
  process.kill(broker.pid, 'SIGCONT');
  await broker.waitForLog(/New client connected from \S+ as device /, logBefore);
}

const filters = (client: Record<string, unknown>) =>
  (client.subscriptions as { topic: string }[]).map(({ topic }) => topic);

describe('a login on Mosquitto 2.1 whose connection breaks before it is acknowledged', () => {
  it.each(['offline', 'connected'])('leaves the session of who was %s as it was', async (state) => {
    const own = await start();
    const device = await broker.connect(session);
    await device.subscribeAsync('own/topic', { qos: 1 });
    if (state === 'offline') await device.endAsync();

    await logInAndBreak(false);
    const client = await own.ask('getClient', { clientid: 'device' });
    expect(client).toMatchObject({ connected: false, subscriptionsKnown: 'all' });
    expect(filters(client)).toEqual(['own/topic']);
    expect(await own.ask('subscribeClient', { clientid: 'device', topic: 'more' })).toMatchObject({
      connected: false,
      existed: false,
    });

    // What the client subscribed to itself is not taken for what a standing subscription made.
    const name = 'news';
    await own.ask('setStandingSubscription', { name, select: { clientid: 'd*' }, topic: 'own/topic' });
    const back = await broker.connect(session);
    expect(await own.ask('deleteStandingSubscription', { name, unsubscribe: true })).toEqual({
      unsubscribed: 0,
    });
    expect(filters(await own.ask('getClient', { clientid: 'device' })).sort()).toEqual(['more', 'own/topic']);

    await back.endAsync();
    await logInAndBreak(false);
    const purge = { clientid: 'device', cleanSession: true };
    expect(await own.ask('disconnectClient', purge)).toMatchObject({ sessionRemoved: true });
    expect((await own.ask('describe')).warnings).toEqual([]);
  });

  it('ends the session if it asked for a new one', async () => {
    const own = await start();
    await (await broker.connect(session)).endAsync();
    await logInAndBreak(true);
    expect(await own.codeOf('getClient', { clientid: 'device' })).toBe('CLIENT_NOT_FOUND');
  });

  it('leaves a session of who was not there before', async () => {
    const own = await start();
    await logInAndBreak(false);
    expect(await own.ask('getClient', { clientid: 'device' })).toMatchObject({ connected: false });
    expect(await own.ask('listClients')).toMatchObject({ totalCount: 2 });
    const purge = { clientid: 'device', cleanSession: true };
    expect(await own.ask('disconnectClient', purge)).toMatchObject({ sessionRemoved: true });
    expect((await own.ask('describe')).warnings).toEqual([]);
  });
});

it('a login on Mosquitto 2.1 that is refused for its keep-alive leaves the session as it was', async () => {
  const own = await start({ globalConfig: ['max_keepalive 60'] });
  const device = await RawClient.connect(broker.port, { ...session, keepalive: 60 });
  await device.end();
  expect(await own.ask('getClient', { clientid: 'device' })).toMatchObject({ connected: false });
  const logBefore = broker.log.length;
  // Any answer ends the wait; this one is a refusal.
  await RawClient.connect(broker.port, { ...session, keepalive: 61 });
  await broker.waitForLog(/Client device .*disconnected/, logBefore);
  expect(await own.ask('getClient', { clientid: 'device' })).toMatchObject({ connected: false });
});
