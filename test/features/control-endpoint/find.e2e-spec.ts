import { describe, expect, it } from '@jest/globals';
import { ENDPOINT_BROKERS } from './support/endpoint-brokers.js';
import { EndpointRig } from './support/endpoint-rig.js';

interface Page {
  readonly clients: { readonly clientid: string; readonly [field: string]: unknown }[];
  readonly cursor: string | null;
  readonly totalCount: number;
}

describe.each(ENDPOINT_BROKERS)('finding clients with our own endpoint of %s', (_, start) => {
  const rig = EndpointRig.use(start);
  const ask = (fields: object) => rig.control.ask<Page>('listClients', { ...fields });
  /** As many as `limit` says: a page of the broker may end before, and only a cursor of null ends the list. */
  const list = async (fields: { readonly limit?: number; readonly [field: string]: unknown } = {}) => {
    const { limit = 100 } = fields;
    let { clients, cursor, totalCount } = await ask(fields);
    while (cursor !== null && clients.length < limit) {
      const next = await ask({ ...fields, limit: limit - clients.length, cursor });
      expect(next.cursor).not.toBe(cursor);
      ({ cursor, totalCount } = next);
      clients = [...clients, ...next.clients];
    }
    return { clients, cursor, totalCount };
  };
  const idsOf = ({ clients }: Page) => clients.map(({ clientid }) => clientid);

  it('shows a client in full, with its subscriptions and who made them', async () => {
    const before = Date.now();
    const device = await rig.connect({
      ...rig.persistent(rig.unique('shown')),
      username: 'anna',
      keepalive: 33,
      will: { topic: 'gone', payload: Buffer.from('gone'), qos: 1, retain: true },
    });
    await device.mqtt.subscribeAsync('own/#', { qos: 1 });
    const clientid = device.clientId;
    await rig.control.ask('subscribeClient', { clientid, topic: 'added', qos: 2 });

    const data = await rig.control.ask('getClient', { clientid });
    expect(data).toMatchObject({
      clientid,
      username: 'anna',
      address: '127.0.0.1',
      protocol: 'MQTT',
      protocolVersion: rig.broker.protocolVersion === 5 ? 'v5' : 'v3.1.1',
      connected: true,
      lastDisconnect: null,
      keepalive: 33,
      cleanSession: false,
      listener: { port: expect.any(Number) },
      numSubscriptions: 2,
      subscriptionsKnown: 'all',
    });
    if (rig.broker.knowsWills) expect(data.will).toEqual({ topic: 'gone', qos: 1, retain: true });
    expect(data.lastConnect).toBeGreaterThanOrEqual(before - 1);
    expect(data.lastConnect).toBeLessThanOrEqual(Date.now() + 1);
    expect(data).not.toHaveProperty('control');
    const shown = await rig.subscriptions(clientid);
    expect([...shown].sort((a, b) => a.topic.localeCompare(b.topic))).toEqual([
      {
        topic: 'added',
        qos: 2,
        options: { no_local: false, retain_as_published: false, retain_handling: 0 },
        by: 'control',
      },
      {
        topic: 'own/#',
        qos: 1,
        options: { no_local: false, retain_as_published: false, retain_handling: 0 },
        by: 'client',
      },
    ]);
  });

  it('forgets what a client unsubscribes from, and keeps what it subscribes to again', async () => {
    const device = await rig.connect();
    await device.mqtt.subscribeAsync(['a', 'b'], { qos: 0 });
    await device.mqtt.unsubscribeAsync('a');
    await device.mqtt.subscribeAsync('b', { qos: 1 });
    expect(await rig.subscriptions(device.clientId)).toEqual([
      expect.objectContaining({ topic: 'b', qos: 1, by: 'client' }),
    ]);
  });

  it('shows a session that nobody is connected to', async () => {
    const clientid = rig.unique('away');
    await rig.leaveSession(clientid, ['kept']);
    const data = await rig.control.ask('getClient', { clientid });
    expect(data).toMatchObject({ connected: false, lastDisconnect: expect.any(Number), numSubscriptions: 1 });
    expect(await rig.subscriptions(clientid)).toEqual([
      expect.objectContaining({ topic: 'kept', by: 'client' }),
    ]);
  });

  it('marks connections that may command', async () => {
    const { clientId } = rig.control.device;
    expect(await rig.control.ask('getClient', { clientid: clientId })).toMatchObject({ control: true });
    const { clients } = await list({ filter: { clientid: clientId } });
    expect(clients).toEqual([expect.objectContaining({ clientid: clientId, control: true })]);
  });

  it('does not find a client that is not there', async () => {
    expect(await rig.control.fail('getClient', { clientid: rig.unique('nobody') })).toEqual({
      code: 'CLIENT_NOT_FOUND',
    });
    const before = (await list()).totalCount;
    const device = await rig.connect();
    await device.end();
    await rig.untilOffline(device.clientId);
    expect(await rig.control.fail('getClient', { clientid: device.clientId })).toEqual({
      code: 'CLIENT_NOT_FOUND',
    });
    expect((await list()).totalCount).toBe(before);
  });

  it('pages with a cursor that neither skips nor repeats a client that stays, though others come and go', async () => {
    const prefix = rig.unique('page');
    const filter = { clientid: `${prefix}/*` };
    const devices = [];
    for (let i = 0; i < 30; i++) devices.push(await rig.connect({ clientId: `${prefix}/${i}` }));
    const stay = devices.filter((_, i) => i % 3 !== 0).map(({ clientId }) => clientId);
    const seen: string[] = [];
    let page = await list({ filter, limit: 4 });
    for (let turn = 0; ; turn++) {
      seen.push(...idsOf(page));
      expect(page.clients.length).toBeLessThanOrEqual(4);
      if (page.cursor === null) break;
      expect(page.cursor.length).toBeLessThanOrEqual(64);
      // One leaves before what was listed, one after it, one comes.
      for (const index of [turn * 3, 27 - turn * 3]) await devices[index]?.end();
      await rig.connect({ clientId: `${prefix}/late-${turn}` });
      page = await list({ filter, limit: 4, cursor: page.cursor });
    }
    expect(seen.filter((id) => stay.includes(id)).sort()).toEqual([...stay].sort());
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('gives no cursor where the limit is just enough, and an empty page where nothing matches', async () => {
    const prefix = rig.unique('just');
    for (const each of ['a', 'b']) await rig.connect({ clientId: `${prefix}${each}` });
    const page = await list({ filter: { clientid: `${prefix}*` }, limit: 2 });
    expect([idsOf(page).length, page.cursor]).toEqual([2, null]);
    const empty = await list({ filter: { clientid: rig.unique('nobody') } });
    expect([empty.clients, empty.cursor, empty.totalCount > 0]).toEqual([[], null, true]);
  });

  it('gives only the fields that are asked for, the client id always', async () => {
    const device = await rig.connect({ username: 'anna' });
    const filter = { clientid: device.clientId };
    expect((await list({ filter, fields: ['username', 'connected'] })).clients).toEqual([
      { clientid: device.clientId, username: 'anna', connected: true },
    ]);
    expect((await list({ filter, fields: [] })).clients).toEqual([{ clientid: device.clientId }]);
    const [full] = (await list({ filter, verbose: true })).clients;
    expect(full).toMatchObject({ clientid: device.clientId, keepalive: 60, cleanSession: true });
    expect(full).not.toHaveProperty('subscriptions');
  });

  it.each([
    ['an exact id with a star that is escaped', 'a\\*b', ['a*b']],
    ['a star', 'a*b', ['a*b', 'axb', 'ab']],
    ['a question mark, which is one character and no byte', '?x', ['äx', 'bx']],
    ['nothing but a star', '*', ['a*b', 'axb', 'ab', 'äx', 'bx']],
    ['stars between everything', '*a*b*', ['a*b', 'axb', 'ab']],
  ])('finds ids by a pattern of %s', async (_what, pattern, expected) => {
    const prefix = rig.unique('glob');
    for (const id of ['a*b', 'axb', 'ab', 'äx', 'bx']) await rig.connect({ clientId: `${prefix}/${id}` });
    const page = await list({ filter: { clientid: `${prefix}/${pattern}` } });
    expect(idsOf(page).sort()).toEqual(expected.map((id) => `${prefix}/${id}`).sort());
  });

  it('finds by username, address, version, state and time, all of which must hold', async () => {
    const clientid = `${rig.unique('filter')}*`;
    const id = (name: string) => clientid.replace('*', name);
    await rig.connect({ clientId: id('-anna'), username: 'anna' });
    await rig.connect({ clientId: id('-asop'), username: 'Äsop' });
    await rig.connect({ clientId: id('-nobody') });
    await rig.leaveSession(id('-away'));
    const found = async (filter: object) => idsOf(await list({ filter: { clientid, ...filter } })).sort();
    const all = [id('-anna'), id('-asop'), id('-away'), id('-nobody')];
    const online = [id('-anna'), id('-asop'), id('-nobody')];

    expect(await found({})).toEqual(all);
    expect(await found({ username: 'anna' })).toEqual([id('-anna')]);
    expect(await found({ username: '?sop' })).toEqual([id('-asop')]);
    expect(await found({ username: '<anonymous>', connected: true })).toEqual([id('-nobody')]);
    expect(await found({ connected: true })).toEqual(online);
    expect(await found({ connected: false })).toEqual([id('-away')]);
    expect(await found({ connected: true, address: '127.0.0.0/8' })).toEqual(online);
    expect(await found({ connected: true, address: '127.0.0.1' })).toEqual(online);
    expect(await found({ address: '10.0.0.0/8' })).toEqual([]);
    expect(await found({ address: '::/0' })).toEqual([]);
    expect(await found({ connected: true, address: '::ffff:127.0.0.0/104' })).toEqual(online);
    const other = rig.broker.protocolVersion === 5 ? 'v3.1.1' : 'v5';
    expect(await found({ connected: true, protocolVersion: other })).toEqual([]);
    expect(await found({ connectedAfter: Date.now() + 60_000 })).toEqual([]);
    expect(await found({ connectedBefore: Date.now() + 60_000 })).toEqual(online);
    const { lastConnect } = await rig.control.ask('getClient', { clientid: id('-asop') });
    expect(await found({ connectedBefore: lastConnect })).not.toContain(id('-asop'));
    expect(await found({ connectedAfter: lastConnect })).not.toContain(id('-asop'));
  });

  it.each([
    [{ filter: {} }, /^filter/],
    [{ filter: { id: 'a' } }, /^filter/],
    [{ filter: 'a' }, /^filter/],
    [{ filter: { clientid: '' } }, /^filter/],
    [{ filter: { clientid: 1 } }, /^filter/],
    [{ filter: { clientid: 'a\\' } }, /^filter/],
    [{ filter: { clientid: `${'a'.repeat(256)}*` } }, /^filter/],
    [{ filter: { connected: 'yes' } }, /^filter/],
    [{ filter: { address: 'here' } }, /^filter/],
    [{ filter: { address: '10.0.0.0/33' } }, /^filter/],
    [{ filter: { protocolVersion: 'v4' } }, /^filter/],
    [{ filter: { connectedBefore: 'now' } }, /^filter/],
    [{ limit: 0 }, /^limit$/],
    [{ limit: 1001 }, /^limit$/],
    [{ limit: '1' }, /^limit$/],
    [{ cursor: 'x y' }, /^cursor$/],
    [{ cursor: 1 }, /^cursor$/],
    [{ fields: ['password'] }, /^fields$/],
    [{ fields: 'clientid' }, /^fields$/],
    [{ verbose: 1 }, /^verbose$/],
  ])('refuses %j', async (fields, field) => {
    expect(await rig.control.fail('listClients', fields)).toEqual({
      code: 'INVALID',
      info: { field: expect.stringMatching(field) },
    });
  });

  it('answers a pattern that is made to take long at once', async () => {
    const clientId = rig.unique('a'.repeat(60));
    await rig.connect({ clientId });
    const before = performance.now();
    const page = await list({ filter: { clientid: `${'*a'.repeat(120)}*b` } });
    expect(page.clients).toEqual([]);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  it('ends the list only with a cursor of null, also where looking at clients takes long', async () => {
    // 60,000 bytes, with four words of places in the pattern each: eighty are longer than a turn of the plugin.
    const prefix = rig.unique('slow');
    for (let i = 0; i < 80; i++) await rig.connect({ clientId: `${prefix}${'a'.repeat(60_000)}${i}b` });
    const cursors: (string | null)[] = [];
    const times: number[] = [];
    do {
      const before = performance.now();
      const cursor = cursors.at(-1);
      const page = await ask({
        filter: { clientid: `*${'a'.repeat(250)}?bb` },
        limit: 1,
        ...(cursor !== undefined && { cursor }),
      });
      expect(page.clients).toEqual([]);
      cursors.push(page.cursor);
      times.push(performance.now() - before);
    } while (cursors.at(-1) !== null);
    expect(new Set(cursors).size).toBe(cursors.length);
    if (!rig.broker.pagesEndWithTurns) return;
    expect(cursors.length).toBeGreaterThan(2);
    // An answer that had to wait for the next turn would have to wait for 100 ms: nothing else wakes this broker.
    expect(Math.min(...times.slice(0, -1))).toBeLessThan(90);
  });

  it('shows a WebSocket client as such', async () => {
    if (rig.broker.webSocketUrl === undefined) return;
    const device = await rig.connect({ webSocket: true });
    expect(await rig.control.ask('getClient', { clientid: device.clientId })).toMatchObject({
      protocol: 'MQTT-WS',
      address: '127.0.0.1',
    });
  });
});
