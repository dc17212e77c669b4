import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { EmbeddedRig, type ListedClient } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

describe('client inspect', () => {
  it('lists clients page by page in the order of connection', async () => {
    const ids = ['page-c', 'page-a', 'page-b'];
    for (const clientId of ids) await rig.connect({ clientId });
    // The connections of the test before may not be gone yet.
    await until(async () => {
      const { data } = await rig.run('clientInspect', { command: 'listClients', count: 0 });
      return data?.totalCount === 1 + ids.length;
    }, 'only these are connected');
    const listed: ListedClient[] = [];
    let totalCount: unknown;
    do {
      const { data } = await rig.run('clientInspect', {
        command: 'listClients',
        offset: listed.length,
        count: 2,
      });
      const clients = data?.clients as ListedClient[];
      expect(clients.length).toBeLessThanOrEqual(2);
      totalCount = data?.totalCount;
      listed.push(...clients);
    } while (listed.length < Number(totalCount));
    expect(listed.map(({ clientid }) => clientid)).toEqual([rig.control.clientId, ...ids]);
    const all = await rig.run('clientInspect', { command: 'listClients', count: -1 });
    expect(all.data).toEqual({ totalCount: 4, clients: listed });
    expect(listed[1]).toEqual({
      clientid: 'page-c',
      username: '<anonymous>',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v3.1.1',
      connected: true,
      lastConnect: expect.any(Number),
      lastDisconnect: null,
    });
  });

  it('shows one client in full', async () => {
    const before = Date.now();
    const device = await rig.connect({
      clientId: 'shown',
      username: 'someone',
      keepalive: 33,
      clean: false,
      will: { topic: 'gone/shown', payload: Buffer.from('gone'), qos: 1, retain: true },
    });
    await device.mqtt.subscribeAsync('own/#', { qos: 1 });
    await rig.subscribe(device, 'added', { qos: 1 });
    const { data } = await rig.run('clientInspect', { command: 'getClient', clientid: 'shown' });
    expect(data).toEqual({
      clientid: 'shown',
      username: 'someone',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v3.1.1',
      connected: true,
      lastConnect: expect.any(Number),
      lastDisconnect: null,
      keepalive: 33,
      cleanSession: false,
      listener: { port: rig.broker.port, bind_address: '127.0.0.1' },
      will: { topic: 'gone/shown', qos: 1, retain: true },
      numSubscriptions: 2,
      subscriptions: ['own/#', 'added'],
    });
    expect(data?.lastConnect).toBeGreaterThanOrEqual(before);
    expect(data?.lastConnect).toBeLessThanOrEqual(Date.now());
    const verbose = await rig.run('clientInspect', { command: 'listClients', verbose: true });
    expect(verbose.data?.clients).toContainEqual(data);
  });

  it('tells MQTT 3.1 from MQTT 3.1.1, and leaves out a last will that is not there', async () => {
    const { clientId } = await rig.connect({ clientId: 'old', protocolVersion: 3, protocolId: 'MQIsdp' });
    const { data } = await rig.run('clientInspect', { command: 'getClient', clientid: clientId });
    expect(data).toMatchObject({ protocolVersion: 'v3.1', subscriptions: [], numSubscriptions: 0 });
    expect(data).not.toHaveProperty('will');
  });

  it('lists a client whose id was taken over once', async () => {
    const first = await rig.connect({ clientId: 'twice' });
    await rig.connect({ clientId: 'twice', username: 'second' });
    await first.closed;
    const { data } = await rig.run('clientInspect', { command: 'listClients' });
    const twice = (data?.clients as ListedClient[]).filter(({ clientid }) => clientid === 'twice');
    expect(twice).toMatchObject([{ username: 'second' }]);
  });

  it.each([
    [{ command: 'getClient' }, 'Invalid/missing clientid'],
    [{ command: 'getClient', clientid: 'nobody' }, 'Client not found'],
    [{ command: 'listClients', count: 'all' }, 'Invalid/missing count'],
    [{ command: 'listClients', offset: -1 }, 'Invalid/missing offset'],
    [{ command: 'listClients', verbose: 'yes' }, 'Invalid/missing verbose'],
    [{ command: 'disconnectClient', clientid: 'nobody' }, 'Unknown command'],
  ])('answers %j with "%s"', async (command, error) => {
    expect(await rig.run('clientInspect', command)).toMatchObject({ command: command.command, error });
  });
});
