import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient, INSPECT, present } from './support/control-client.js';
import { eventOf } from './support/event-of.js';
import { PluginBroker } from './support/plugin-broker.js';
import { preparePluginTarget } from './support/plugin-target.js';

describe('the inspect API on Mosquitto 2.1', () => {
  let broker: PluginBroker;
  let control: ControlClient;
  const list = async (fields: object = {}) =>
    present((await control.command({ command: 'listClients', ...fields }, INSPECT)).data);
  const get = (clientid: unknown) => control.command({ command: 'getClient', clientid }, INSPECT);

  beforeAll(async () => {
    broker = await new PluginBroker({ ...preparePluginTarget('2.1'), webSocket: true }).start();
    control = await ControlClient.connect(broker, { clientId: 'control' });
    const device = await broker.connect({
      clientId: 'device',
      username: 'u1',
      keepalive: 30,
      protocolVersion: 4,
    });
    await device.subscribeAsync(['a', 'b/#']);
    await broker.connect({ clientId: 'browser', webSocket: true });
    const session = { clientId: 'sleeper', clean: false, properties: { sessionExpiryInterval: 600 } };
    await (await broker.connect(session)).endAsync();
  }, 180_000);
  afterAll(() => broker.stop());

  it('lists connected clients and offline sessions, with their total', async () => {
    const data = await list();
    expect(data).toEqual({ totalCount: 4, clients: expect.any(Array) });
    const clients = data.clients as Record<string, unknown>[];
    expect(clients.map((client) => [client.clientid, client.connected]).sort()).toEqual([
      ['browser', true],
      ['control', true],
      ['device', true],
      ['sleeper', false],
    ]);
    expect(clients.find((client) => client.clientid === 'browser')).toEqual({
      clientid: 'browser',
      username: '<anonymous>',
      address: '127.0.0.1',
      protocol: 'MQTT-WS',
      protocolVersion: 'v5',
      connected: true,
      lastConnect: expect.any(Number),
    });
  });

  it('pages with offset and count, a count of -1 meaning all', async () => {
    const all = (await list({ count: -1 })).clients as unknown[];
    const pages = [await list({ offset: 0, count: 3 }), await list({ offset: 3, count: 3 })];
    expect(pages.flatMap((page) => page.clients)).toEqual(all);
    expect(await list({ offset: 4, count: 3 })).toEqual({ clients: [], totalCount: 4 });
    expect(await list({ count: 0 })).toEqual({ clients: [], totalCount: 4 });
  });

  it('adds the details with verbose', async () => {
    const clients = (await list({ verbose: true })).clients as Record<string, unknown>[];
    const device = clients.find((client) => client.clientid === 'device');
    expect(device).toEqual((await get('device')).data);
  });

  it('gives one client in full', async () => {
    const before = Date.now();
    const { data } = await get('device');
    expect(data).toEqual({
      clientid: 'device',
      username: 'u1',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v3.1.1',
      connected: true,
      lastConnect: expect.any(Number),
      listener: { port: expect.any(Number) },
      numSubscriptions: 2,
      keepalive: 30,
      cleanSession: true,
    });
    expect(before - (data?.lastConnect as number)).toBeLessThan(60_000);
  });

  it('answers `Client not found` for a client that never was', async () => {
    expect(await get('nobody')).toEqual(expect.objectContaining({ error: 'Client not found' }));
  });

  it.each([
    ['Invalid offset', { offset: -1 }],
    ['Invalid offset', { offset: 0.5 }],
    ['Invalid count', { count: '1' }],
    ['Invalid count', { count: -2 }],
    ['Invalid verbose', { verbose: 'yes' }],
  ])('answers `%s` to %j', async (error, fields) => {
    const response = await control.command({ command: 'listClients', ...fields }, INSPECT);
    expect(response).toEqual(expect.objectContaining({ error }));
  });

  it('follows clients as they come and go', async () => {
    const visitor = await broker.connect({ clientId: 'visitor' });
    expect((await get('visitor')).data).toEqual(expect.objectContaining({ connected: true }));
    await visitor.endAsync();
    expect(await get('visitor')).toEqual(expect.objectContaining({ error: 'Client not found' }));
  });

  it('sees a session that is taken over as connected', async () => {
    const first = await broker.connect({ clientId: 'taken' });
    const closed = eventOf(first, 'close');
    await broker.connect({ clientId: 'taken' });
    await closed;
    expect((await get('taken')).data).toEqual(expect.objectContaining({ connected: true }));
  });
});
