import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.js';
import { EmbeddedRig, LOGIN, type ListedClient } from './support/embedded-rig.js';

const rig = EmbeddedRig.use();

async function list(fields: Record<string, unknown> = {}): Promise<string[]> {
  const { clients } = await rig.ask('listClients', fields);
  return (clients as ListedClient[]).map(({ clientid }) => clientid);
}

async function get(clientid: string): Promise<Record<string, unknown>> {
  return rig.ask('getClient', { clientid });
}

describe('the extension endpoint', () => {
  it('describes what it can do, and who asks', async () => {
    expect(await rig.ask('describe')).toEqual({
      protocol: 1,
      plugin: 'embedded',
      broker: expect.stringMatching(/^aedes \d+\.\d+\.\d+$/),
      you: { clientid: rig.control.clientId, username: LOGIN.username },
      features: {
        disconnect: true,
        purge: true,
        subscribe: true,
        inspect: true,
        bans: true,
        standingSubscriptions: true,
        events: true,
        retained: true,
        ifConnectedSince: true,
        preventWill: true,
      },
      subscriptionsKnown: 'all',
      warnings: [expect.stringContaining('is a demo')],
    });
  });

  it.each([
    ['describe', { more: 1 }, 'more'],
    ['listClients', { filter: {} }, 'filter'],
    ['listClients', { filter: [] }, 'filter'],
    ['listClients', { filter: { clientId: 'a' } }, 'filter.clientId'],
    ['listClients', { filter: { clientid: '' } }, 'filter.clientid'],
    ['listClients', { filter: { clientid: `*${'x'.repeat(256)}` } }, 'filter.clientid'],
    ['listClients', { filter: { address: '10.0.0.0/33' } }, 'filter.address'],
    ['listClients', { filter: { connected: 1 } }, 'filter.connected'],
    ['listClients', { filter: { protocolVersion: '5' } }, 'filter.protocolVersion'],
    ['listClients', { filter: { connectedAfter: '2026' } }, 'filter.connectedAfter'],
    ['listClients', { fields: ['password'] }, 'fields'],
    ['listClients', { fields: 'username' }, 'fields'],
    ['listClients', { verbose: 1 }, 'verbose'],
    ['listClients', { limit: 0 }, 'limit'],
    ['listClients', { limit: 1001 }, 'limit'],
    ['listClients', { cursor: '-1' }, 'cursor'],
    ['listClients', { cursor: 1 }, 'cursor'],
    ['listClients', { offset: 1 }, 'offset'],
    ['getClient', {}, 'clientid'],
    ['getClient', { clientid: '' }, 'clientid'],
    ['disconnectClient', { clientid: 'a', withWill: null }, 'withWill'],
    ['disconnectClient', { clientid: 'a', cleanSession: 'true' }, 'cleanSession'],
    ['disconnectClient', { clientid: 'a', ifConnectedSince: 1.5 }, 'ifConnectedSince'],
    ['disconnectClient', { clientid: 'a', preventWill: true }, 'preventWill'],
    ['disconnectClients', {}, 'clientids'],
    ['disconnectClients', { clientids: [] }, 'clientids'],
    ['disconnectClients', { clientids: ['a', ''] }, 'clientids'],
    ['disconnectClients', { clientids: ['a'], filter: { clientid: 'a' } }, 'clientids'],
    ['disconnectClients', { clientids: Array.from({ length: 1001 }, String) }, 'clientids'],
    ['disconnectClients', { filter: {} }, 'filter'],
    ['disconnectClients', { filter: { clientid: 'a' }, ifConnectedSince: 1 }, 'ifConnectedSince'],
    ['subscribeClient', { clientid: 'a', topic: 'a#' }, 'topic'],
    ['subscribeClient', { clientid: 'a', topic: 't', qos: 3 }, 'qos'],
    ['subscribeClient', { clientid: 'a', topic: 't', options: { noLocal: true } }, 'noLocal'],
    ['subscribeClient', { clientid: 'a', topic: 't', options: { send_retain: 'null' } }, 'send_retain'],
    ['unsubscribeClient', { clientid: 'a' }, 'topic'],
    ['setBan', { as: 'ip', who: 'a', until: null }, 'as'],
    ['setBan', { as: 'clientid', who: '', until: null }, 'who'],
    ['setBan', { as: 'address', who: 'a*', until: null }, 'who'],
    ['setBan', { as: 'clientid', who: 'a' }, 'until'],
    ['setBan', { as: 'clientid', who: 'a', until: 1000 }, 'until'],
    ['setBan', { as: 'clientid', who: 'a', until: null, reason: 'x'.repeat(501) }, 'reason'],
    ['setBan', { as: 'clientid', who: 'a', until: null, by: 7 }, 'by'],
    ['deleteBan', { as: 'clientid' }, 'who'],
    ['listBans', { cursor: 'x' }, 'cursor'],
    ['setStandingSubscription', { name: '-a', select: { clientid: '*' }, topic: 't' }, 'name'],
    ['setStandingSubscription', { name: 'a', topic: 't' }, 'select'],
    ['setStandingSubscription', { name: 'a', select: {}, topic: 't' }, 'select'],
    ['setStandingSubscription', { name: 'a', select: { connected: true }, topic: 't' }, 'select.connected'],
    ['setStandingSubscription', { name: 'a', select: { clientid: 'a' }, topic: '' }, 'topic'],
    ['getStandingSubscription', {}, 'name'],
    ['deleteStandingSubscription', { name: 'a', unsubscribe: 1 }, 'unsubscribe'],
    ['listStandingSubscriptions', { cursor: '' }, 'cursor'],
    ['watchEvents', { seconds: 9 }, 'seconds'],
    ['unwatchEvents', { seconds: 10 }, 'seconds'],
  ])('refuses %s with %j, naming %s', async (command, fields, field) => {
    expect(await rig.fail(command, fields)).toEqual({
      error: `Invalid/missing ${field}`,
      code: 'INVALID',
      info: { field },
    });
  });

  it.each([
    ['nothing', {}, 'Unknown command', 'UNKNOWN_COMMAND'],
    ['constructor', {}, 'Unknown command', 'UNKNOWN_COMMAND'],
    ['getClient', { clientid: 'nobody' }, 'Client not found', 'CLIENT_NOT_FOUND'],
    ['disconnectClient', { clientid: 'nobody' }, 'Client not found', 'CLIENT_NOT_FOUND'],
    ['disconnectClient', { clientid: 'nobody', cleanSession: true }, 'Client not found', 'CLIENT_NOT_FOUND'],
    ['subscribeClient', { clientid: 'nobody', topic: 't' }, 'Client not found', 'CLIENT_NOT_FOUND'],
    ['unsubscribeClient', { clientid: 'nobody', topic: 't' }, 'Client not found', 'CLIENT_NOT_FOUND'],
    ['deleteBan', { as: 'clientid', who: 'nobody' }, 'Ban not found', 'BAN_NOT_FOUND'],
  ])('answers %s with %j: %s', async (command, fields, error, code) => {
    expect(await rig.fail(command, fields)).toEqual({ error, code });
  });

  it.each(['getStandingSubscription', 'deleteStandingSubscription'])(
    'knows no standing subscription that was not set: %s',
    async (command) => {
      expect(await rig.fail(command, { name: 'nobody' })).toEqual({
        error: 'Standing subscription not found',
        code: 'STANDING_SUBSCRIPTION_NOT_FOUND',
      });
    },
  );

  it('runs what is well formed in a message with much that is not', async () => {
    const commands = [
      'rubbish',
      { command: 'getClient', correlationData: '1' },
      { command: 'describe', correlationData: 2 },
      { correlationData: '3' },
      { command: 'getClient', clientid: rig.control.clientId, correlationData: '4' },
    ];
    const replies = await rig.exchange('extension', JSON.stringify({ commands }));
    expect(replies.map(({ code, correlationData }) => [code, correlationData])).toEqual([
      ['INVALID', undefined],
      ['INVALID', '1'],
      ['INVALID', undefined],
      ['INVALID', '3'],
      [undefined, '4'],
    ]);
  });
});

describe('listClients of the extension endpoint', () => {
  it('filters by id, user name, address, connection and time', async () => {
    const prefix = rig.unique('filter-');
    const before = await rig.connect({ clientId: `${prefix}-a`, username: 'vendor-x' });
    const { lastConnect } = await get(before.clientId);
    await until(() => Date.now() > Number(lastConnect) + 1, 'a later time');
    await rig.connect({
      clientId: `${prefix}-b`,
      username: 'vendor-y',
      protocolVersion: 3,
      protocolId: 'MQIsdp',
    });
    const gone = await rig.connect({ clientId: `${prefix}-c`, username: 'vendor-x', clean: false });
    await gone.end();
    await until(async () => (await get(gone.clientId)).connected === false, 'gone');
    const ids = (filter: Record<string, unknown>): Promise<string[]> =>
      list({ filter: { clientid: `${prefix}-*`, ...filter } });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `${prefix}-${name}`);
    expect(await ids({})).toEqual([a, b, c]);
    expect(await ids({ clientid: `${prefix}-?` })).toEqual([a, b, c]);
    expect(await ids({ clientid: a })).toEqual([a]);
    expect(await ids({ username: 'vendor-x' })).toEqual([a, c]);
    expect(await ids({ username: 'vendor-*', connected: true })).toEqual([a, b]);
    expect(await ids({ connected: false })).toEqual([c]);
    expect(await ids({ address: '127.0.0.0/8' })).toEqual([a, b, c]);
    expect(await ids({ address: '::ffff:127.0.0.1' })).toEqual([a, b, c]);
    expect(await ids({ address: '10.0.0.0/8' })).toEqual([]);
    expect(await ids({ protocolVersion: 'v3.1' })).toEqual([b]);
    expect(await ids({ connectedAfter: lastConnect })).toEqual([b]);
    expect(await ids({ connectedBefore: Number(lastConnect) + 1 })).toEqual([a]);
    expect(await ids({ username: '<anonymous>' })).toEqual([]);
    expect(await list({ filter: { clientid: rig.control.clientId } })).toEqual([rig.control.clientId]);
    await rig.ask('disconnectClient', { clientid: gone.clientId, cleanSession: true });
  });

  it('pages by a cursor that neither leaves out nor repeats who stays', async () => {
    const prefix = rig.unique('cursor-');
    const devices = await Promise.all(
      Array.from({ length: 25 }, (_, index) => rig.connect({ clientId: `${prefix}-${index}` })),
    );
    const filter = { clientid: `${prefix}-*` };
    const seen: string[] = [];
    let cursor: unknown;
    do {
      const page = await rig.ask('listClients', {
        filter,
        limit: 4,
        ...(typeof cursor === 'string' && { cursor }),
      });
      expect(page.totalCount).toBeGreaterThan(20);
      const ids = (page.clients as ListedClient[]).map(({ clientid }) => clientid);
      seen.push(...ids);
      ({ cursor } = page);
      if (ids[0] !== undefined) await rig.ask('disconnectClient', { clientid: ids[0] });
      await rig.connect({ clientId: `${prefix}-late-${seen.length}` });
    } while (cursor !== null && seen.length < 100);
    expect(new Set(seen).size).toBe(seen.length);
    expect(devices.filter(({ clientId }) => !seen.includes(clientId))).toEqual([]);
  });

  it('shows what is asked for', async () => {
    const { clientId } = await rig.connect({ clientId: rig.unique('fields-'), keepalive: 20 });
    const show = async (fields: Record<string, unknown>): Promise<unknown> =>
      ((await rig.ask('listClients', { filter: { clientid: clientId }, ...fields })).clients as unknown[])[0];
    const summary = {
      clientid: clientId,
      username: '<anonymous>',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: 'v3.1.1',
      connected: true,
      lastConnect: expect.any(Number),
      lastDisconnect: null,
    };
    expect(await show({})).toEqual(summary);
    expect(await show({ verbose: true })).toEqual({
      ...summary,
      keepalive: 20,
      cleanSession: true,
      listener: { port: rig.broker.port, bind_address: '127.0.0.1' },
      numSubscriptions: 0,
    });
    expect(await show({ fields: [] })).toEqual({ clientid: clientId });
    expect(await show({ fields: ['username', 'keepalive'] })).toEqual({
      clientid: clientId,
      username: '<anonymous>',
      keepalive: 20,
    });
    expect(await show({ fields: ['subscriptions'] })).toEqual({ clientid: clientId, subscriptions: [] });
  });

  it('marks connections that may command', async () => {
    expect(await get(rig.control.clientId)).toMatchObject({ control: true, username: LOGIN.username });
    expect(await get((await rig.connect()).clientId)).not.toHaveProperty('control');
  });
});

describe('getClient of the extension endpoint', () => {
  it('shows subscriptions, with their options and who made them, online and offline', async () => {
    const device = await rig.connect({ clientId: rig.unique('proof-'), clean: false });
    const { clientId: clientid } = device;
    await device.mqtt.subscribeAsync('own/#', { qos: 1 });
    const options = { no_local: true, retain_as_published: true, send_retain: 'new' };
    await rig.ask('subscribeClient', { clientid, topic: 'added', qos: 2, options });
    await rig.ask('subscribeClient', { clientid, topic: 'soon/own' });
    await device.mqtt.subscribeAsync('soon/own');
    await rig.ask('setStandingSubscription', {
      name: 'proof',
      select: { clientid },
      topic: 'standing/${clientid}',
    });
    const plain = { no_local: false, retain_as_published: false, retain_handling: 0 };
    const added = { no_local: true, retain_as_published: true, retain_handling: 1 };
    const subscriptions = [
      { topic: 'own/#', qos: 1, options: plain, by: 'client' },
      { topic: 'added', qos: 2, options: added, by: 'control' },
      { topic: 'soon/own', qos: 0, options: plain, by: 'client' },
      { topic: `standing/${clientid}`, qos: 0, options: plain, by: 'standing' },
    ];
    expect(await get(clientid)).toMatchObject({
      subscriptions,
      subscriptionsKnown: 'all',
      numSubscriptions: 4,
    });
    await device.end();
    await until(async () => (await get(clientid)).connected === false, 'offline');
    expect(await get(clientid)).toMatchObject({
      subscriptions,
      numSubscriptions: 4,
      lastDisconnect: expect.any(Number),
    });
    await rig.connect({ clientId: clientid, clean: false });
    expect(await get(clientid)).toMatchObject({ subscriptions: expect.arrayContaining(subscriptions) });
    await rig.ask('deleteStandingSubscription', { name: 'proof' });
    await rig.ask('disconnectClient', { clientid, cleanSession: true });
  });

  it('shows the will as long as there is one', async () => {
    const will = { topic: 'gone', payload: Buffer.from('x'), qos: 1, retain: true } as const;
    const device = await rig.connect({ clientId: rig.unique('will-'), clean: false, will });
    expect(await get(device.clientId)).toMatchObject({ will: { topic: 'gone', qos: 1, retain: true } });
    await device.end();
    await until(async () => (await get(device.clientId)).connected === false, 'offline');
    expect(await get(device.clientId)).not.toHaveProperty('will');
  });
});
