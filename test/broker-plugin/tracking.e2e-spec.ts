import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { until } from '../support/until.js';
import { ControlClient } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';

const VERSIONS: MosquittoVersion[] = ['2.0', 'trixie'];
beforeAll(() => void VERSIONS.map(preparePluginTarget), 180_000);

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(
  version: MosquittoVersion,
  more: string[],
  options: Partial<PluginBrokerOptions> = {},
): Promise<OwnEndpoint> {
  broker = await new PluginBroker({
    ...preparePluginTarget(version),
    pluginOptions: ['allow_username gateway', 'state_dir {dir}', ...more],
    ...options,
  }).start();
  return new OwnEndpoint(await ControlClient.connect(broker, { clientId: 'control' }));
}

describe.each(VERSIONS)('Mosquitto 2.0 (%s) that watches logins', (version) => {
  it('lists, shows, disconnects and bans who is connected', async () => {
    const own = await start(version, ['track_clients true']);
    const device = await broker.connect({ clientId: 'device', username: 'u1' });
    expect(await own.ask('describe')).toMatchObject({
      features: {
        disconnect: true,
        inspect: true,
        bans: true,
        subscribe: false,
        events: false,
        purge: false,
      },
      subscriptionsKnown: 'no',
    });
    const { clients } = await own.ask<{ clients: { clientid: string }[] }>('listClients');
    expect(clients.map(({ clientid }) => clientid).sort()).toEqual(['control', 'device']);
    expect(await own.ask('getClient', { clientid: 'device' })).toMatchObject({
      username: 'u1',
      connected: true,
    });

    const closed = eventOf(device, 'close');
    expect(await own.ask('disconnectClient', { clientid: 'device' })).toMatchObject({ wasConnected: true });
    await closed;
    expect(await own.codeOf('getClient', { clientid: 'device' })).toBe('CLIENT_NOT_FOUND');

    const again = await broker.connect({ clientId: 'device', username: 'u1' });
    const banned = eventOf(again, 'close');
    expect(await own.ban('u1', 'username')).toMatchObject({ disconnected: ['device'] });
    await banned;
    await expect(broker.connect({ clientId: 'device', username: 'u1' })).rejects.toThrow(/refused/);
    await broker.connect({ clientId: 'device', username: 'u2' });
  });

  it('bans who has just logged in by WebSocket, of whom it is not known yet whether it got in', async () => {
    const own = await start(version, ['track_clients true'], { webSocket: true });
    const banned = await broker.connect({ clientId: 'banned', username: 'u1', webSocket: true });
    const spared = await broker.connect({ clientId: 'spared', username: 'u2', webSocket: true });
    const closed = eventOf(banned, 'close');
    await own.ban('u1', 'username');
    await own.ban('u2', 'username', { disconnect: false });
    await closed;
    const isKnown = async () => (await own.run('getClient', { clientid: 'spared' })).data !== undefined;
    await until(isKnown, 'a client by WebSocket is known');
    await spared.subscribeAsync('still/here');
    expect(await own.codeOf('getClient', { clientid: 'banned' })).toBe('CLIENT_NOT_FOUND');
    await own.ask('deleteBan', { as: 'username', who: 'u1' });
    await broker.connect({ clientId: 'banned', username: 'u1', webSocket: true });
  });

  it('does not count who was not let in', async () => {
    const own = await start(version, ['track_clients true']);
    await expect(broker.connect({ clientId: 'wrong', username: 'u1', password: 'wrong' })).rejects.toThrow();
    expect(await own.codeOf('getClient', { clientid: 'wrong' })).toBe('CLIENT_NOT_FOUND');
    expect(await own.codeOf('disconnectClient', { clientid: 'wrong' })).toBe('CLIENT_NOT_FOUND');
  });

  it('says that it cannot do the rest', async () => {
    const own = await start(version, ['track_clients true']);
    for (const [command, fields] of [
      ['subscribeClient', { clientid: 'control', topic: 'a' }],
      ['unsubscribeClient', { clientid: 'control', topic: 'a' }],
      ['watchEvents', {}],
      ['listStandingSubscriptions', {}],
      ['disconnectClient', { clientid: 'a', cleanSession: true }],
    ] as const) {
      expect([command, await own.codeOf(command, fields)]).toEqual([command, 'NOT_SUPPORTED']);
    }
  });
});

it('Mosquitto 2.0 that does not watch logins controls nobody, and says what to set', async () => {
  const own = await start('2.0', []);
  expect(await own.codeOf('disconnectClient', { clientid: 'control' })).toBe('NOT_SUPPORTED');
  expect(await own.codeOf('listClients')).toBe('NOT_SUPPORTED');
  const { warnings } = await own.ask<{ warnings: string[] }>('describe');
  expect(warnings.join()).toContain('plugin_opt_track_clients');
});
