import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { ENDPOINT_BROKERS } from './support/endpoint-brokers.js';
import { EndpointRig } from './support/endpoint-rig.js';

interface Outcomes {
  readonly clients: {
    readonly clientid: string;
    readonly outcome: string;
    readonly [field: string]: unknown;
  }[];
  readonly more: boolean;
}

describe.each(ENDPOINT_BROKERS)('disconnecting with our own endpoint of %s', (_, start) => {
  const rig = EndpointRig.use(start);
  const since = async (clientid: string) =>
    (await rig.control.ask<{ lastConnect: number }>('getClient', { clientid })).lastConnect;

  it('closes the connection and says what it was', async () => {
    const device = await rig.connect();
    const { clientId: clientid } = device;
    const connectedSince = await since(clientid);
    expect(await rig.control.ask('disconnectClient', { clientid })).toMatchObject({
      wasConnected: true,
      connectedSince,
      sessionRemoved: false,
      ...(rig.broker.knowsWills && { hadWill: false }),
    });
    await device.closed;
    if (rig.broker.protocolVersion === 5) expect(device.disconnectReason).toBe(0x98);
  });

  it.each([true, false])('publishes the will or not, as it is told: %s', async (withWill) => {
    const topic = rig.unique('will');
    const watcher = await rig.connect();
    await watcher.mqtt.subscribeAsync(topic, { qos: 1 });
    const device = await rig.connect({
      will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false },
    });
    const data = await rig.control.ask('disconnectClient', { clientid: device.clientId, withWill });
    if (rig.broker.knowsWills) expect(data.hadWill).toBe(true);
    await device.closed;
    expect(await rig.receivedUntilNow(watcher)).toEqual(withWill ? ['gone'] : []);
  });

  it('publishes the will unless it is told otherwise', async () => {
    const topic = rig.unique('will');
    const watcher = await rig.connect();
    await watcher.mqtt.subscribeAsync(topic, { qos: 1 });
    const device = await rig.connect({
      will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false },
    });
    await rig.control.ask('disconnectClient', { clientid: device.clientId });
    await watcher.message('gone');
  });

  it('removes the session too, when it is told to', async () => {
    const session = rig.persistent(rig.unique('purged'));
    const device = await rig.connect(session);
    await device.mqtt.subscribeAsync('kept', { qos: 1 });
    const { clientId: clientid } = device;
    expect(await rig.control.ask('disconnectClient', { clientid, cleanSession: true })).toMatchObject({
      wasConnected: true,
      sessionRemoved: true,
    });
    await device.closed;
    expect(await rig.control.fail('getClient', { clientid })).toEqual({ code: 'CLIENT_NOT_FOUND' });
    await rig.control.device.publish('kept', 'missed');
    const back = await rig.connect(session);
    expect(await rig.receivedUntilNow(back)).toEqual([]);
    expect((await rig.subscriptions(clientid)).map(({ topic }) => topic)).not.toContain('kept');
  });

  it('keeps the session of a client otherwise', async () => {
    const session = rig.persistent(rig.unique('kept'));
    const device = await rig.connect(session);
    const topic = rig.unique('kept');
    await device.mqtt.subscribeAsync(topic, { qos: 1 });
    await rig.control.ask('disconnectClient', { clientid: device.clientId });
    await device.closed;
    await rig.untilOffline(device.clientId);
    expect(await rig.subscriptions(device.clientId)).toEqual([expect.objectContaining({ topic })]);
  });

  it('leaves a session alone that nobody is connected to, but removes it when it is told to', async () => {
    const clientid = rig.unique('away');
    await rig.leaveSession(clientid);
    expect(await rig.control.fail('disconnectClient', { clientid })).toEqual({
      code: 'CLIENT_NOT_CONNECTED',
    });
    expect(await rig.control.ask('disconnectClient', { clientid, cleanSession: true })).toMatchObject({
      wasConnected: false,
      connectedSince: null,
      sessionRemoved: true,
    });
    expect(await rig.control.fail('disconnectClient', { clientid, cleanSession: true })).toEqual({
      code: 'CLIENT_NOT_FOUND',
    });
  });

  it('ends only the connection that was meant', async () => {
    const clientid = rig.unique('again');
    const first = await rig.connect({ clientId: clientid });
    const old = await since(clientid);
    await until(() => Date.now() > old + 1, 'the clock goes on');
    const second = await rig.connect({ clientId: clientid });
    await first.closed;
    const lastConnect = await since(clientid);
    expect(lastConnect).toBeGreaterThan(old);
    expect(await rig.control.fail('disconnectClient', { clientid, ifConnectedSince: old })).toEqual({
      code: 'CLIENT_RECONNECTED',
      info: { lastConnect },
    });
    expect(await rig.receivedUntilNow(second)).toEqual([]);
    await rig.control.ask('disconnectClient', { clientid, ifConnectedSince: lastConnect });
    await second.closed;
  });

  it.each([
    [{ clientid: '' }, 'clientid'],
    [{ clientid: 7 }, 'clientid'],
    [{}, 'clientid'],
    [{ clientid: 'a\u0000b' }, 'clientid'],
    [{ clientid: 'a', withWill: 'no' }, 'withWill'],
    [{ clientid: 'a', cleanSession: 1 }, 'cleanSession'],
    [{ clientid: 'a', ifConnectedSince: 'now' }, 'ifConnectedSince'],
    [{ clientid: 'a', ifConnectedSince: 1.5 }, 'ifConnectedSince'],
  ])('refuses %j', async (fields, field) => {
    expect(await rig.control.fail('disconnectClient', fields)).toEqual({ code: 'INVALID', info: { field } });
  });

  it('never touches a connection that may command, its own neither', async () => {
    const other = await rig.connectControl();
    for (const { clientId: clientid } of [other.device, rig.control.device]) {
      expect(await rig.control.fail('disconnectClient', { clientid })).toEqual({ code: 'CONTROL_CLIENT' });
    }
    const { clients } = await rig.control.ask<Outcomes>('disconnectClients', {
      clientids: [other.device.clientId],
    });
    expect(clients).toEqual([{ clientid: other.device.clientId, outcome: 'CONTROL_CLIENT' }]);
    expect(
      await rig.control.ask<Outcomes>('disconnectClients', { filter: { clientid: 'control-*' } }),
    ).toEqual({ clients: [], more: false });
    await other.ask('describe');
  });

  it('disconnects a list, each with its own outcome', async () => {
    const here = await rig.connect();
    const away = rig.unique('away');
    await rig.leaveSession(away);
    const nobody = rig.unique('nobody');
    const { clients, more } = await rig.control.ask<Outcomes>('disconnectClients', {
      clientids: [here.clientId, nobody, away, here.clientId],
    });
    expect(clients.map(({ clientid, outcome }) => [clientid, outcome])).toEqual([
      [here.clientId, 'done'],
      [nobody, 'CLIENT_NOT_FOUND'],
      [away, 'CLIENT_NOT_CONNECTED'],
      [here.clientId, 'CLIENT_NOT_FOUND'],
    ]);
    expect(clients[0]).toMatchObject({ wasConnected: true, connectedSince: expect.any(Number) });
    expect(more).toBe(false);
    await here.closed;
  });

  it('disconnects whom a filter matches, and nobody else', async () => {
    const prefix = rig.unique('flock');
    const flock = [];
    for (let i = 0; i < 12; i++) flock.push(await rig.connect({ clientId: `${prefix}/${i}` }));
    const other = await rig.connect({ clientId: `${prefix}-other` });
    const { clients, more } = await rig.control.ask<Outcomes>('disconnectClients', {
      filter: { clientid: `${prefix}/*` },
    });
    expect(clients.map(({ clientid }) => clientid).sort()).toEqual(
      flock.map(({ clientId }) => clientId).sort(),
    );
    expect(new Set(clients.map(({ outcome }) => outcome))).toEqual(new Set(['done']));
    expect(more).toBe(false);
    await Promise.all(flock.map(({ closed }) => closed));
    expect(await rig.receivedUntilNow(other)).toEqual([]);
  });

  it.each([
    [{}, /^(clientids|filter)$/],
    [{ clientids: [] }, /^clientids$/],
    [{ clientids: 'a' }, /^clientids$/],
    [{ clientids: ['a', ''] }, /^clientids/],
    [{ filter: {} }, /^filter/],
    [{ clientids: ['a'], filter: { clientid: 'a' } }, /^(clientids|filter)$/],
    [{ clientids: ['a'], withWill: 1 }, /^withWill$/],
  ])('refuses to disconnect many with %j', async (fields, field) => {
    expect(await rig.control.fail('disconnectClients', fields)).toEqual({
      code: 'INVALID',
      info: { field: expect.stringMatching(field) },
    });
  });

  it('refuses a list of more than 1,000', async () => {
    const { code } = await rig.control.fail('disconnectClients', {
      clientids: Array.from({ length: 1001 }, (_, i) => `nobody-${i}`),
    });
    expect(code).toMatch(/^(INVALID|TOO_MANY)$/);
  });
});
