import { once } from 'node:events';
import { connect } from 'node:net';

import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient, OWN } from './support/control-client.js';
import { OwnEndpoint } from './support/own-endpoint.js';
import { PluginBroker, type PluginBrokerOptions } from './support/plugin-broker.js';
import { type MosquittoVersion, preparePluginTarget } from './support/plugin-target.js';
import { connectPacket } from './support/raw-client.js';

const VERSIONS: MosquittoVersion[] = ['2.0', 'trixie', '2.1'];
// Mosquitto 2.1 itself disconnects anonymous clients when it reloads.
const username = 'one';
const session = { clientId: 'away', clean: false, properties: { sessionExpiryInterval: 600 } };

beforeAll(() => void [...VERSIONS, 'trixie-asan' as const].map(preparePluginTarget), 180_000);

let broker: PluginBroker;
afterEach(() => broker.stop());

async function start(
  version: MosquittoVersion,
  options: Partial<PluginBrokerOptions> = {},
): Promise<OwnEndpoint> {
  broker = new PluginBroker({
    ...preparePluginTarget(version),
    pluginOptions: [
      'allow_username gateway',
      'state_dir {dir}',
      ...(version === '2.1' ? [] : ['track_clients true']),
    ],
    ...options,
  });
  await broker.start();
  return connectOwn();
}

const connectOwn = async () => new OwnEndpoint(await ControlClient.connect(broker, { clientId: 'control' }));

/** Makes the broker read its configuration again, as Debian's logrotate does. */
async function reload(): Promise<void> {
  const before = broker.log.length;
  process.kill(broker.pid, 'SIGHUP');
  await broker.waitForLog(/Reloading config/, before);
}

/** Since when each client is connected. */
async function connects(own: OwnEndpoint): Promise<Record<string, number>> {
  const { clients } = await own.ask<{ clients: { clientid: string; lastConnect: number }[] }>('listClients', {
    fields: ['lastConnect'],
  });
  return Object.fromEntries(clients.map(({ clientid, lastConnect }) => [clientid, lastConnect]));
}

/** Connected or not; undefined: not known. 2.0 knows of no sessions that are offline. */
async function isConnected(own: OwnEndpoint, clientid: string): Promise<unknown> {
  return (await own.run('getClient', { clientid })).data?.connected;
}

describe.each(VERSIONS)('SIGHUP on Mosquitto %s', (version) => {
  it('leaves clients connected since they connected', async () => {
    const own = await start(version, { webSocket: true });
    const device = await broker.connect({ clientId: 'device', username });
    const webSocket = await broker.connect({ clientId: 'web-socket', username, webSocket: true });
    await webSocket.subscribeAsync('a');
    const before = await connects(own);

    await reload();
    expect(await connects(own)).toEqual(before);
    const since = Math.max(...Object.values(before));
    const filter = { connectedAfter: since };
    expect(await own.ask('disconnectClients', { filter })).toMatchObject({ clients: [] });
    expect(device.connected && webSocket.connected).toBe(true);
  });

  it('connects no session that is offline, and refuses none that is banned', async () => {
    const own = await start(version);
    await (await broker.connect(session)).endAsync();
    await (await broker.connect({ ...session, clientId: 'banned' })).endAsync();
    await own.ban('banned');
    const before = await isConnected(own, 'away');

    await reload();
    expect(await isConnected(own, 'away')).toBe(before);
    expect(await isConnected(own, 'banned')).toBe(before);
    expect(before).not.toBe(true);
    expect(await own.run('disconnectClient', { clientid: 'away' })).toHaveProperty('error');
  });

  it('leaves who was banned without being disconnected', async () => {
    const own = await start(version);
    const banned = await broker.connect({ clientId: 'banned', username });
    await own.ban('banned', 'clientid', { disconnect: false });
    await reload();
    await banned.subscribeAsync('still/here');
    expect(await isConnected(own, 'banned')).toBe(true);
  });

  it('does not take answers from who waits for them', async () => {
    const own = await start(version);
    const wanted = 10_000;
    const commands = Array.from({ length: wanted }, (_, i) => ({
      command: 'getClient',
      clientid: 'control',
      correlationData: String(i),
    }));
    await own.control.publish(JSON.stringify({ commands }), OWN);
    await reload();
    for (let i = 0; i < wanted; i++) {
      expect((await own.control.next()).error).toBeUndefined();
    }
  }, 60_000);

  it('is over for who logs in after it', async () => {
    const own = await start(version);
    await reload();
    await broker.connect({ clientId: 'later' });
    expect(await isConnected(own, 'later')).toBe(true);
    await own.ban('banned');
    await reload();
    await expect(broker.connect({ clientId: 'banned' })).rejects.toThrow(/refused|Banned/);
  });
});

it('SIGHUP on Mosquitto 2.0 with per_listener_settings, which tells of no turns, connects no session that is offline', async () => {
  const own = await start('2.0', { globalConfig: ['per_listener_settings true'] });
  const device = await broker.connect({ clientId: 'device' });
  await (await broker.connect(session)).endAsync();
  const before = await connects(own);

  await reload();
  expect(await connects(own)).toEqual(before);
  await broker.connect({ clientId: 'later' });
  expect(await isConnected(own, 'later')).toBe(true);
  expect(device.connected).toBe(true);
});

it('SIGHUP leaves the memory of Debian 13’s Mosquitto alone where sessions are offline and banned', async () => {
  const own = await start('trixie-asan', {
    env: { ASAN_OPTIONS: 'detect_leaks=0:exitcode=99' },
    config: ['persistence true', 'persistence_location {dir}/'],
  });
  await (await broker.connect(session)).endAsync();
  await own.ban('away');
  await reload();
  expect(await own.codeOf('disconnectClient', { clientid: 'away' })).toBe('CLIENT_NOT_FOUND');
  expect(await broker.shutDown()).toBe(0);

  await broker.start();
  const again = await connectOwn();
  await reload();
  expect(await again.codeOf('disconnectClient', { clientid: 'away' })).toBe('CLIENT_NOT_FOUND');
  await again.ask('deleteBan', { as: 'clientid', who: 'away' });
  await reload();
  await (await broker.connect(session)).endAsync();
  await (await broker.connect({ ...session, clientId: 'another' })).endAsync();
  expect(await broker.shutDown()).toBe(0);
  expect(broker.log).not.toMatch(/ERROR: AddressSanitizer/);
});

describe('SIGHUP on Mosquitto 2.0 with per_listener_settings, which tells of no turns', () => {
  const startPerListener = () => start('2.0', { globalConfig: ['per_listener_settings true'] });

  /** What a login by MQTT 3.1.1 is answered; it stays connected if the code is 0. */
  async function logIn(clientId: string, clean: boolean) {
    const socket = connect(broker.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(connectPacket({ clientId, clean }));
    const [acknowledgement] = (await once(socket, 'data')) as [Buffer];
    return { code: acknowledgement[3], isSessionPresent: acknowledgement[2] === 1, socket };
  }

  it('lets in nobody who is banned', async () => {
    const own = await startPerListener();
    await own.ban('banned');
    for (let reloads = 0; reloads < 5; reloads++) {
      process.kill(broker.pid, 'SIGHUP');
      for (let i = 0; i < 30; i++) expect((await logIn('banned', true)).code).toBe(5);
    }
  });

  it('shows who logs in right after it', async () => {
    const own = await startPerListener();
    for (let i = 0; i < 5; i++) {
      await reload();
      const { socket } = await logIn(`later-${i}`, true);
      expect(await isConnected(own, `later-${i}`)).toBe(true);
      socket.destroy();
    }
  });

  it('leaves nobody connected who is banned, even if it may have been a session that is offline', async () => {
    const own = await startPerListener();
    await own.ban('banned');
    for (let reloads = 0; reloads < 5; reloads++) {
      process.kill(broker.pid, 'SIGHUP');
      const logins = [];
      for (let i = 0; i < 10; i++) logins.push(await logIn('banned', false));
      const gotIn = logins.filter(({ code }) => code === 0).map(({ socket }) => socket);
      const closed = gotIn.map(async (socket) => socket.closed || once(socket, 'close'));
      await own.bans();
      await Promise.all(closed);
    }
  });

  it('leaves the session of who is banned and offline', async () => {
    const own = await startPerListener();
    await (await broker.connect(session)).endAsync();
    await own.ban('away');
    for (let i = 0; i < 3; i++) {
      await reload();
      await own.bans();
    }
    await own.ask('deleteBan', { as: 'clientid', who: 'away' });
    expect((await logIn('away', false)).isSessionPresent).toBe(true);
  });
});
