import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS, DEVICE_LOGIN } from '../../support/control-brokers.js';
import { expectError } from '../../support/expect-error.js';
import { TOKENS } from '../../support/test-service.js';
import { Fleet } from './fleet.js';

interface DryRun {
  readonly count: number;
  readonly clients: readonly { readonly broker: string; readonly clientid: string }[];
  readonly selection: string;
  readonly notAnswered: readonly { readonly broker: string; readonly code: string }[];
}

const DISCONNECT = [{ action: 'disconnect' }];

describe.each(CONTROL_BROKERS)('a selection on %s', (_name, startBroker) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startBroker() });
  }, 120_000);
  afterEach(() => fleet.disconnectAll());
  afterAll(() => fleet.stop());

  const dryRun = async (select: object, broker: string | undefined = 'b'): Promise<DryRun> => {
    const { body } = await fleet.bulk({ select, actions: DISCONNECT, dryRun: true }, { broker });
    return body as DryRun;
  };

  it('tells whom it would concern, and does nothing', async () => {
    const devices = await fleet.connectMany('b', 3, 'sel-', DEVICE_LOGIN);
    await fleet.connect('b', { clientId: 'other-1' });
    const { count, clients, selection, notAnswered } = await dryRun({
      username: 'vendor-*',
      connected: true,
    });
    expect({ count, notAnswered }).toEqual({ count: 3, notAnswered: [] });
    expect(clients.map(({ clientid }) => clientid).sort()).toEqual(['sel-0', 'sel-1', 'sel-2']);
    expect(selection).toMatch(/^[0-9a-f]{32}$/);
    expect(devices.every(({ mqtt }) => mqtt.connected)).toBe(true);
  });

  it('is acted upon, client by client, and nobody else', async () => {
    const devices = await fleet.connectMany('b', 5, 'act-');
    const bystander = await fleet.connect('b', { clientId: 'act' });
    const { bulk } = await fleet.bulk(
      { select: { clientid: 'act-?' }, actions: DISCONNECT, reason: 'test' },
      { broker: 'b' },
    );
    expect(bulk.summary).toEqual({ total: 5, done: 5, failed: 0, notSent: 0, unknown: 0 });
    await Promise.all(devices.map(({ closed }) => closed));
    expect(bystander.mqtt.connected).toBe(true);
  });

  it('moves each client to a topic of its own, and goes on only after what came before succeeded', async () => {
    const [mover, publisher] = [await fleet.connect('b', { clientId: 'mv-1' }), await fleet.connect('b')];
    await mover.mqtt.subscribeAsync('old/mv-1');
    await fleet.connect('b', { clientId: 'mv-a/b' });
    const { bulk } = await fleet.bulk(
      {
        select: { clientid: 'mv-*' },
        actions: [
          { action: 'subscribe', topic: 'new/${clientid}', qos: 1 },
          { action: 'unsubscribe', topic: 'old/${clientid}' },
        ],
      },
      { broker: 'b' },
    );
    const of = (clientid: string): unknown[] =>
      bulk.items
        .filter((item) => item.clientid === clientid)
        .map(({ action, outcome, status }) => [action, outcome, status]);
    expect(of('mv-1')).toEqual([
      ['subscribe', 'done', 204],
      ['unsubscribe', 'done', 204],
    ]);
    expect(of('mv-a/b')).toEqual([
      ['subscribe', 'failed', 400],
      ['unsubscribe', 'not-sent', 424],
    ]);
    expect(bulk.items.map(({ error }) => error?.code)).toContain('PREVIOUS_ACTION_FAILED');
    await publisher.publish('old/mv-1', 'before');
    await publisher.publish('new/mv-1', 'after');
    await mover.message('after');
    expect(mover.messages.map(({ payload }) => payload)).toEqual(['after']);
  });

  it('that has changed since the dry run is not acted upon', async () => {
    await fleet.connectMany('b', 2, 'chg-');
    const { selection } = await dryRun({ clientid: 'chg-*' });
    const third = await fleet.connect('b', { clientId: 'chg-2' });
    const call = { select: { clientid: 'chg-*' }, actions: DISCONNECT };
    const byHash = await fleet.bulk({ ...call, selection }, { broker: 'b' });
    expectError(byHash, 'SELECTION_CHANGED', { count: 3, selection: (await dryRun(call.select)).selection });
    expectError(await fleet.bulk({ ...call, expectCount: 2 }, { broker: 'b' }), 'SELECTION_CHANGED');
    expect(third.mqtt.connected).toBe(true);
    await third.end();
    const { bulk } = await fleet.bulk({ ...call, selection, expectCount: 2 }, { broker: 'b' });
    expect(bulk.summary.done).toBe(2);
  });

  it('that may mean everybody has to say how many that are; control connections are not among them', async () => {
    const devices = await fleet.connectMany('b', 2, 'all-');
    const everybody = { select: { clientid: '*' }, actions: DISCONNECT };
    expectError(await fleet.bulk(everybody, { broker: 'b' }), 'INVALID');
    expect((await dryRun({ clientid: '*', connected: true })).count).toBe(2);
    const call = { ...everybody, select: { clientid: '*', connected: true }, expectCount: 2 };
    const { bulk } = await fleet.bulk(call, { broker: 'b' });
    expect(bulk.summary.done).toBe(2);
    await Promise.all(devices.map(({ closed }) => closed));
    expect(fleet.service.gateway.status({ projectId: 'p', brokerId: 'b' }).state).toBe('connected');
  });

  it('finds by address, by time and by protocol', async () => {
    await fleet.connect('b', { clientId: 'f-1' });
    const protocolVersion = fleet.brokers.b?.protocolVersion === 5 ? 'v5' : 'v3.1.1';
    const count = async (select: object): Promise<number> =>
      (await dryRun({ clientid: 'f-*', ...select })).count;
    expect(await count({ address: '127.0.0.0/8', protocolVersion })).toBe(1);
    expect(await count({ address: '10.0.0.0/8' })).toBe(0);
    expect(await count({ connectedBefore: '2036-01-01T00:00:00Z' })).toBe(1);
    expect(await count({ connectedAfter: Date.now() + 60_000 })).toBe(0);
  });
});

describe('a selection whose actions are more than may be sent this minute', () => {
  it('begins with a client only if all of its actions are within the limit, each of which counts', async () => {
    const [[, startEmbedded]] = CONTROL_BROKERS as readonly [(typeof CONTROL_BROKERS)[number]];
    const fleet = await Fleet.start(
      { b: await startEmbedded() },
      { rateLimit: { requestsPerMinute: 0, bulkItemsPerMinute: 8 } },
    );
    await fleet.connectMany('b', 4, 'q-');
    const actions = ['one', 'two', 'three'].map((topic) => ({ action: 'subscribe', topic }));
    const { bulk } = await fleet.bulk({ select: { clientid: 'q-*' }, actions }, { broker: 'b' });
    const done = Array.from({ length: 3 }, () => ['done', undefined]);
    const refused = [
      ['not-sent', 'TOO_MANY_REQUESTS'],
      ['not-sent', 'PREVIOUS_ACTION_FAILED'],
      ['not-sent', 'PREVIOUS_ACTION_FAILED'],
    ];
    expect(bulk.items.map(({ outcome, error }) => [outcome, error?.code])).toEqual([
      ...done,
      ...done,
      ...refused,
      ...refused,
    ]);
    await fleet.stop();
  });
});

describe('a selection over brokers of which one is down', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    const [[, startEmbedded]] = CONTROL_BROKERS as readonly [(typeof CONTROL_BROKERS)[number]];
    fleet = await Fleet.start({ b: await startEmbedded(), c: await startEmbedded() });
    await fleet.brokers.c?.stop();
    await fleet.service.brokerState('c', 'disconnected');
  });
  afterAll(() => fleet.stop());

  const call = { select: { clientid: 'd-*' }, actions: DISCONNECT };

  it('is refused, and names it, unless the caller takes a part for the whole', async () => {
    const device = await fleet.connect('b', { clientId: 'd-1' });
    const refused = await fleet.bulk(call);
    expectError(refused, 'SELECTION_INCOMPLETE');
    expect(refused.body).toMatchObject({
      info: { notAnswered: [{ project: 'p', broker: 'c', code: 'BROKER_UNAVAILABLE' }] },
    });
    expect(device.mqtt.connected).toBe(true);
    const { bulk } = await fleet.bulk({ ...call, partial: true });
    expect(bulk.items).toMatchObject([{ broker: 'b', clientid: 'd-1', outcome: 'done' }]);
    await device.closed;
  });

  it('does not spoil what is done on the others', async () => {
    const device = await fleet.connect('b', { clientId: 'd-2' });
    const operations = [
      { action: 'disconnect', broker: 'c', clientid: 'x' },
      { action: 'disconnect', broker: 'b', clientid: 'd-2' },
      { action: 'disconnect', broker: '*', clientid: 'd-3' },
    ];
    const { bulk } = await fleet.bulk({ operations });
    expect(bulk.items).toMatchObject([
      { outcome: 'not-sent', status: 503, error: { code: 'BROKER_UNAVAILABLE' } },
      { outcome: 'done' },
      { outcome: 'not-sent', status: 503 },
    ]);
    await device.closed;
  });

  it('finding names it, and shows what the others have', async () => {
    await fleet.connectMany('b', 3, 'e-');
    const path = '/api/projects/p/clients?clientid=e-*&fields=clientid,connected';
    const { body, headers } = await fleet.service.get(`${path}&limit=2`);
    expect(body).toMatchObject({
      clients: [
        { project: 'p', broker: 'b', clientid: 'e-0', connected: true },
        { project: 'p', broker: 'b', clientid: 'e-1', connected: true },
      ],
      truncated: true,
    });
    const cursor = headers.get('x-next-cursor') ?? '';
    const rest = await fleet.service.get(`${path}&cursor=${cursor}`);
    expect(rest.body).toMatchObject({
      clients: [{ clientid: 'e-2' }],
      notAnswered: [{ project: 'p', broker: 'c', code: 'BROKER_UNAVAILABLE' }],
      truncated: false,
    });
    expect(rest.headers.get('x-next-cursor')).toBeNull();
    expectError(await fleet.service.get(`${path}&cursor=x`), 'INVALID');
  });

  it('found clients come as lines, too, and an end that says how many', async () => {
    const accept = { headers: { accept: 'application/x-ndjson' }, token: TOKENS.viewer };
    const { body } = await fleet.service.request('GET', '/api/clients?clientid=e-*&fields=username', accept);
    const lines = String(body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toMatchObject({ end: true, clients: 3, notAnswered: [{ broker: 'c' }] });
  });

  it('a caller finds only on the brokers that it may see', async () => {
    const { body } = await fleet.service.get('/api/clients', TOKENS.editorOfB);
    expect((body as { notAnswered: object[] }).notAnswered).toEqual([]);
    expect((await fleet.service.get('/api/clients', TOKENS.nobody)).body).toEqual({
      clients: [],
      notAnswered: [],
      truncated: false,
    });
  });
});
