import { describe, expect, it } from '@jest/globals';
import type { IClientOptions } from 'mqtt';
import type { Device } from '../../support/device.js';
import { until } from '../../support/until.js';
import { EmbeddedRig } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

interface WithWill {
  readonly device: Device;
  readonly observer: Device;
  readonly topic: string;
}

async function connectWithWill(options: IClientOptions = {}): Promise<WithWill> {
  const topic = rig.unique('wills/');
  const observer = await rig.connect();
  await observer.mqtt.subscribeAsync(topic);
  const will = { topic, payload: Buffer.from(topic), qos: 0, retain: false } as const;
  return { device: await rig.connect({ will, ...options }), observer, topic };
}

async function offlineSession(): Promise<string> {
  const device = await rig.connect({ clientId: rig.unique('offline-'), clean: false });
  await device.mqtt.subscribeAsync(`to/${device.clientId}`, { qos: 1 });
  await device.end();
  const { clientId } = device;
  await until(
    async () => (await rig.ask('getClient', { clientid: clientId })).connected === false,
    'offline',
  );
  return clientId;
}

describe('disconnectClient of the extension endpoint', () => {
  it('tells what was there, and lets the will be published', async () => {
    const { device, observer, topic } = await connectWithWill();
    const clientid = device.clientId;
    const { lastConnect } = await rig.ask('getClient', { clientid });
    expect(await rig.ask('disconnectClient', { clientid })).toEqual({
      wasConnected: true,
      connectedSince: lastConnect,
      hadWill: true,
      sessionRemoved: false,
    });
    await device.closed;
    await observer.message(topic);
  });

  it('prevents the will when told so', async () => {
    const { device, observer } = await connectWithWill();
    expect(await rig.ask('disconnectClient', { clientid: device.clientId, withWill: false })).toMatchObject({
      hadWill: true,
    });
    await device.closed;
    expect(await rig.receivedUntilNow(observer)).toEqual([]);
  });

  it('lets a persistent session stay, or removes it with its subscriptions and messages', async () => {
    for (const cleanSession of [false, true]) {
      const session = { clientId: rig.unique('session-'), clean: false };
      const device = await rig.connect(session);
      await device.mqtt.subscribeAsync(`to/${session.clientId}`, { qos: 1 });
      expect(await rig.ask('disconnectClient', { clientid: session.clientId, cleanSession })).toMatchObject({
        wasConnected: true,
        sessionRemoved: cleanSession,
      });
      await device.closed;
      const sender = await rig.connect();
      await sender.publish(`to/${session.clientId}`, 'meanwhile');
      const again = await rig.connect(session);
      if (cleanSession) expect(await rig.receivedUntilNow(again)).toEqual([]);
      else await again.message('meanwhile');
      await rig.ask('disconnectClient', { clientid: session.clientId, cleanSession: true });
    }
  });

  it('says that a session is there and nobody is connected; with cleanSession it removes it', async () => {
    const clientid = await offlineSession();
    expect(await rig.fail('disconnectClient', { clientid })).toEqual({
      error: 'Client not connected',
      code: 'CLIENT_NOT_CONNECTED',
    });
    const pro = await rig.run('clientControl', { command: 'disconnectClient', clientid });
    expect(pro).toMatchObject({ error: 'Client not found' });
    expect(await rig.ask('disconnectClient', { clientid, cleanSession: true })).toEqual({
      wasConnected: false,
      connectedSince: null,
      hadWill: false,
      sessionRemoved: true,
    });
    expect(await rig.fail('getClient', { clientid })).toMatchObject({ code: 'CLIENT_NOT_FOUND' });
  });

  it('disconnects only the connection that is meant', async () => {
    const clientId = rig.unique('since-');
    const first = await rig.connect({ clientId });
    const { lastConnect: ifConnectedSince } = await rig.ask('getClient', { clientid: clientId });
    const second = await rig.connect({ clientId });
    await first.closed;
    const { lastConnect } = await rig.ask('getClient', { clientid: clientId });
    expect(Number(lastConnect)).toBeGreaterThan(Number(ifConnectedSince));
    expect(await rig.fail('disconnectClient', { clientid: clientId, ifConnectedSince })).toEqual({
      error: 'Client reconnected',
      code: 'CLIENT_RECONNECTED',
      info: { lastConnect },
    });
    expect(second.mqtt.connected).toBe(true);
    await rig.ask('disconnectClient', { clientid: clientId, ifConnectedSince: lastConnect });
    await second.closed;
  });

  it('never touches a connection that may command, with either API', async () => {
    const other = await rig.connectControl();
    const target = { clientid: other.clientId, topic: 't' };
    const words = { error: 'Client is a control connection' };
    const refused = { ...words, code: 'CONTROL_CLIENT' };
    expect(await rig.fail('disconnectClient', { clientid: other.clientId })).toEqual(refused);
    expect(await rig.fail('subscribeClient', target)).toEqual(refused);
    expect(await rig.fail('unsubscribeClient', target)).toEqual(refused);
    for (const command of ['disconnectClient', 'subscribeClient', 'unsubscribeClient']) {
      expect(await rig.run('clientControl', { command, ...target })).toMatchObject(words);
    }
    expect(await rig.ask('disconnectClients', { clientids: [other.clientId] })).toEqual({
      clients: [{ clientid: other.clientId, outcome: 'CONTROL_CLIENT' }],
      more: false,
    });
    const filter = { clientid: other.clientId };
    expect(await rig.ask('disconnectClients', { filter })).toEqual({ clients: [], more: false });
    expect(other.mqtt.connected).toBe(true);
  });
});

describe('disconnectClients of the extension endpoint', () => {
  it('has an outcome for each client of a list', async () => {
    const [device, offline] = [await rig.connect(), await offlineSession()];
    const clientids = [device.clientId, offline, 'nobody', rig.control.clientId, device.clientId];
    expect(await rig.ask('disconnectClients', { clientids })).toEqual({
      clients: [
        {
          clientid: device.clientId,
          outcome: 'done',
          wasConnected: true,
          connectedSince: expect.any(Number),
          hadWill: false,
          sessionRemoved: false,
        },
        { clientid: offline, outcome: 'CLIENT_NOT_CONNECTED' },
        { clientid: 'nobody', outcome: 'CLIENT_NOT_FOUND' },
        { clientid: rig.control.clientId, outcome: 'CONTROL_CLIENT' },
        { clientid: device.clientId, outcome: 'CLIENT_NOT_FOUND' },
      ],
      more: false,
    });
    await device.closed;
  });

  it('disconnects whom a filter matches, with their sessions when told so', async () => {
    const prefix = rig.unique('many-');
    const devices = await Promise.all(
      [1, 2, 3].map((index) => rig.connect({ clientId: `${prefix}-${index}`, clean: false })),
    );
    const bystander = await rig.connect({ clientId: `x-${prefix}-1` });
    const filter = { clientid: `${prefix}-*` };
    const ask = async (fields: Record<string, unknown>): Promise<unknown[]> =>
      (await rig.ask('disconnectClients', { filter, ...fields })).clients as unknown[];
    expect(await ask({})).toHaveLength(3);
    await Promise.all(devices.map(({ closed }) => closed));
    expect(await ask({})).toEqual([]);
    expect(await ask({ cleanSession: true })).toMatchObject([
      { outcome: 'done', wasConnected: false, sessionRemoved: true },
      { outcome: 'done' },
      { outcome: 'done' },
    ]);
    expect(await rig.ask('listClients', { filter })).toMatchObject({ clients: [] });
    expect(bystander.mqtt.connected).toBe(true);
  });

  it('takes at most 1000 clients at a time, and says whether there are more', async () => {
    const prefix = rig.unique('crowd-');
    for (let start = 0; start < 1001; start += 91) {
      await Promise.all(
        Array.from({ length: 91 }, (_, index) => rig.connect({ clientId: `${prefix}-${start + index}` })),
      );
    }
    const filter = { clientid: `${prefix}-*` };
    const first = await rig.ask('disconnectClients', { filter });
    expect([(first.clients as unknown[]).length, first.more]).toEqual([1000, true]);
    const second = await rig.ask('disconnectClients', { filter });
    expect([(second.clients as unknown[]).length, second.more]).toEqual([1, false]);
  }, 180_000);
});
