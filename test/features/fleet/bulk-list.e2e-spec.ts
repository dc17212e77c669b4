import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Drain } from '../../../src/http/drain.js';
import { CONTROL_BROKERS } from '../../support/control-brokers.js';
import { TOKENS } from '../../support/test-service.js';
import { settled, until } from '../../support/until.js';
import { Fleet } from './fleet.js';

/** Lists of operations, on every kind of broker. */
describe.each(CONTROL_BROKERS)('a list of operations on %s', (_name, startBroker) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startBroker() });
  }, 120_000);
  afterEach(() => fleet.disconnectAll());
  afterAll(() => fleet.stop());

  it('does each, and says of each how it ended, in the words of the single operations', async () => {
    const [first, second] = [await fleet.connect('b'), await fleet.connect('b')];
    const operations = [
      { action: 'disconnect', clientid: first.clientId },
      { action: 'subscribe', clientid: second.clientId, topic: 'bulk/+', qos: 1 },
      { action: 'disconnect', clientid: 'never was here' },
    ];
    const { status, bulk } = await fleet.bulk({ operations }, { broker: 'b' });
    expect(status).toBe(200);
    expect(bulk.summary).toEqual({ total: 3, done: 2, failed: 1, notSent: 0, unknown: 0 });
    expect(bulk.items).toMatchObject([
      { index: 0, broker: 'b', clientid: first.clientId, action: 'disconnect', outcome: 'done', status: 200 },
      { index: 1, clientid: second.clientId, action: 'subscribe', outcome: 'done', status: 204 },
      {
        index: 2,
        outcome: 'failed',
        status: 404,
        error: { code: 'CLIENT_NOT_FOUND', status: 404, info: { clientid: 'never was here' } },
      },
    ]);
    await first.closed;
    const publisher = await fleet.connect('b');
    await publisher.publish('bulk/x', 'hello');
    expect((await second.message('hello')).qos).toBe(1);
  });

  it('does operations on one client in the order of the list', async () => {
    const [device, publisher] = [await fleet.connect('b'), await fleet.connect('b')];
    const { clientId: clientid } = device;
    const operations = Array.from({ length: 200 }, (_, at) => ({
      action: at % 2 === 0 ? 'subscribe' : 'unsubscribe',
      clientid,
      topic: `order/${at >> 1}`,
    })).concat({ action: 'subscribe', clientid, topic: 'order/last' });
    const { bulk } = await fleet.bulk({ operations }, { broker: 'b' });
    expect(bulk.summary.done).toBe(201);
    await publisher.publish('order/50', 'no');
    await publisher.publish('order/last', 'yes');
    await device.message('yes');
    expect(device.messages.map(({ payload }) => payload)).toEqual(['yes']);
  });

  it('lets a malformed item fail alone, with all that is wrong with it', async () => {
    const device = await fleet.connect('b');
    const operations = [
      'disconnect',
      { action: 'explode', clientid: 'x' },
      { action: 'disconnect', clientid: '' },
      { action: 'subscribe', clientid: 'x', topic: 'a/#/b', qos: 3 },
      { action: 'disconnect', clientid: 'x', watchMs: 100 },
      { action: 'disconnect', clientid: 'x', all: true },
      { action: 'disconnect', clientid: device.clientId },
    ];
    const { status, bulk } = await fleet.bulk({ operations }, { broker: 'b' });
    expect(status).toBe(200);
    expect(bulk.items.slice(0, 6).map(({ status: each, error }) => [each, error?.code])).toEqual(
      Array(6).fill([400, 'INVALID']),
    );
    const paths = bulk.items.map(({ error }) =>
      (error?.info?.issues as { path: string }[] | undefined)?.map(({ path }) => path),
    );
    expect(paths.slice(0, 6)).toEqual([
      [''],
      ['action'],
      ['clientid'],
      expect.arrayContaining(['topic', 'qos']),
      ['watchMs'],
      ['all'],
    ]);
    expect(bulk.items[6]).toMatchObject({ outcome: 'done' });
    await device.closed;
  });

  it('leaves control connections alone and asks for an admin where a single call does', async () => {
    const device = await fleet.connect('b');
    const own = fleet.service.gateway.ownClientId({ projectId: 'p', brokerId: 'b' });
    const operations = [
      { action: 'disconnect', clientid: own },
      { action: 'subscribe', clientid: device.clientId, topic: '$SYS/#' },
    ];
    const { bulk } = await fleet.bulk({ operations }, { broker: 'b' });
    expect(bulk.items).toMatchObject([
      { outcome: 'failed', status: 403, error: { code: 'SELF_DISCONNECT' } },
      { outcome: 'failed', status: 403, error: { code: 'NOT_ALLOWED' } },
    ]);
    const asAdmin = await fleet.bulk({ operations }, { broker: 'b', token: TOKENS.admin });
    expect(asAdmin.bulk.items[1]).toMatchObject({ outcome: 'done' });
  });

  it('answers lines as items end, and a summary last', async () => {
    const devices = await fleet.connectMany('b', 20, 'line-');
    const operations = devices.map(({ clientId }) => ({ action: 'disconnect', clientid: clientId }));
    const { status, lines } = await fleet.lines({ operations }, { broker: 'b' });
    expect(status).toBe(200);
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toEqual({ summary: { total: 20, done: 20, failed: 0, notSent: 0, unknown: 0 } });
    await Promise.all(devices.map(({ closed }) => closed));
  });

  it('reads lines as they arrive, and acts on them before the body has ended', async () => {
    const [first, second] = [await fleet.connect('b'), await fleet.connect('b')];
    const stream = fleet.stream('b', '?reason=ticket%2012');
    stream.write({ action: 'disconnect', clientid: first.clientId });
    await first.closed;
    stream.write({ action: 'disconnect', clientid: second.clientId }, 'x');
    const lines = await stream.end();
    expect(lines.at(-1)).toEqual({ summary: { total: 3, done: 2, failed: 1, notSent: 0, unknown: 0 } });
  });

  it('keeps the pace that it is given', async () => {
    const device = await fleet.connect('b');
    const operations = Array.from({ length: 100 }, (_, at) => ({
      action: 'subscribe',
      clientid: device.clientId,
      topic: `pace/${at}`,
    }));
    const startedAt = performance.now();
    const { bulk } = await fleet.bulk({ operations, perSecond: 100 }, { broker: 'b' });
    const seconds = (performance.now() - startedAt) / 1000;
    expect(bulk.summary.done).toBe(100);
    expect(seconds).toBeGreaterThan(0.93);
    // A second's work; the machine may be busy with other tests.
    expect(seconds).toBeLessThan(10);
  });

  it('sends nothing more when the caller has gone', async () => {
    const devices = await fleet.connectMany('b', 40, 'gone-');
    const stream = fleet.stream('b', '?perSecond=5');
    stream.write(...devices.map(({ clientId }) => ({ action: 'disconnect', clientid: clientId })));
    await devices[0]?.closed;
    stream.destroy();
    const connected = (): number => devices.filter(({ mqtt }) => mqtt.connected).length;
    // What was being read or sent when it went may still be done.
    const drain = fleet.service.app.get(Drain);
    await until(() => drain.inFlight === 0, 'the call has ended');
    const left = await settled(connected);
    expect(left).toBeGreaterThan(10);
    await delay(700);
    expect(connected()).toBe(left);
  });
});

describe('the call as a whole', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    const [[, startEmbedded]] = CONTROL_BROKERS as readonly [(typeof CONTROL_BROKERS)[number]];
    fleet = await Fleet.start({ b: await startEmbedded(), c: await startEmbedded() });
  });
  afterEach(() => fleet.disconnectAll());
  afterAll(() => fleet.stop());

  it.each([
    [{}, ''],
    [{ operations: {} }, 'operations'],
    [{ operations: [], select: {} }, 'select'],
    [{ operations: [], perSecond: 0 }, 'perSecond'],
    [{ operations: [], perSecond: 100_001 }, 'perSecond'],
    [{ operations: [], reason: '' }, 'reason'],
    [{ operations: [], dryRun: true }, 'dryRun'],
    [{ operations: [], more: 1 }, 'more'],
    [{ select: { clientid: 'a' } }, 'actions'],
    [{ select: {}, actions: [{ action: 'disconnect' }] }, 'select'],
    [{ select: { clientid: '' }, actions: [{ action: 'disconnect' }] }, 'select.clientid'],
    [{ select: { who: 'a' }, actions: [{ action: 'disconnect' }] }, 'select.who'],
    [{ select: { clientid: 'a' }, actions: [] }, 'actions'],
    [{ select: { clientid: 'a' }, actions: [{ action: 'x' }] }, 'actions[0].action'],
    [
      { select: { clientid: 'a' }, actions: [{ action: 'disconnect', clientid: 'b' }] },
      'actions[0].clientid',
    ],
    [
      { select: { clientid: 'a' }, actions: [{ action: 'subscribe', topic: '#/${clientid}' }] },
      'actions[0].topic',
    ],
    [{ select: { clientid: 'a' }, actions: [{ action: 'disconnect' }], expectCount: -1 }, 'expectCount'],
    [{ select: { clientid: 'a' }, actions: [{ action: 'disconnect' }], selection: 'x' }, 'selection'],
    [{ select: { clientid: '*' }, actions: [{ action: 'disconnect' }] }, 'select'],
    [{ select: { connected: true }, actions: [{ action: 'disconnect' }] }, 'select'],
  ])('refuses %j for its %s', async (body, path) => {
    const { status, body: answer } = await fleet.bulk(body, { broker: 'b' });
    expect({ status, answer }).toMatchObject({ status: 400, answer: { code: 'INVALID' } });
    const { issues } = (answer as { info: { issues: { path: string }[] } }).info;
    expect(issues.map((issue) => issue.path)).toContain(path);
  });

  it('refuses a list that is too long, and says how long one may be', async () => {
    const operations = Array.from({ length: 10_001 }, () => ({}));
    const { status, body } = await fleet.bulk({ operations }, { broker: 'b' });
    expect({ status, body }).toMatchObject({
      status: 413,
      body: { code: 'PAYLOAD_TOO_LARGE', info: { limit: 10_000 } },
    });
  });

  it('needs the role editor', async () => {
    const { status } = await fleet.bulk({ operations: [] }, { broker: 'b', token: TOKENS.viewer });
    expect(status).toBe(403);
    expect((await fleet.bulk({ operations: [] }, { broker: 'x' })).status).toBe(404);
  });

  it('over a project, does each item on its broker, or wherever the client is', async () => {
    const [onB, onC, anywhere] = [
      await fleet.connect('b'),
      await fleet.connect('c'),
      await fleet.connect('c'),
    ];
    const operations = [
      { action: 'disconnect', broker: 'b', clientid: onB.clientId },
      { action: 'disconnect', broker: 'b', clientid: onC.clientId },
      { action: 'disconnect', broker: '*', clientid: anywhere.clientId },
      { action: 'disconnect', broker: '*', clientid: 'nowhere' },
      { action: 'disconnect', broker: 'x', clientid: 'a' },
      { action: 'disconnect', clientid: 'a' },
    ];
    const { bulk } = await fleet.bulk({ operations });
    expect(bulk.items).toMatchObject([
      { broker: 'b', outcome: 'done' },
      { broker: 'b', outcome: 'failed', status: 404, error: { code: 'CLIENT_NOT_FOUND' } },
      { broker: 'c', outcome: 'done' },
      { broker: '*', outcome: 'failed', status: 404, error: { code: 'CLIENT_NOT_FOUND' } },
      { outcome: 'failed', status: 404, error: { code: 'BROKER_NOT_FOUND' } },
      { outcome: 'failed', status: 400 },
    ]);
    await Promise.all([onB.closed, anywhere.closed]);
    expect(onC.mqtt.connected).toBe(true);
  });

  it('with a client that is on several brokers, is written down of each where it was done', async () => {
    const clientId = 'on-both';
    const devices = [await fleet.connect('b', { clientId }), await fleet.connect('c', { clientId })];
    const operations = [{ action: 'disconnect', broker: '*', clientid: clientId }];
    const { bulk, headers } = await fleet.bulk({ operations });
    expect(bulk.summary).toMatchObject({ total: 1, done: 1 });
    await Promise.all(devices.map(({ closed }) => closed));
    const requestId = headers.get('x-request-id') ?? '';
    const records = (): Record<string, unknown>[] =>
      fleet.service.logLines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line.requestId === requestId && line.msg === 'audit' && line.index !== undefined);
    await until(() => records().length === 2, 'a record of each broker');
    expect(records().map(({ broker, outcome, index }) => [broker, outcome, index])).toEqual(
      expect.arrayContaining([
        ['b', 'OK', 0],
        ['c', 'OK', 0],
      ]),
    );
  });

  it('lets a caller act only on the brokers of its grant', async () => {
    const [onB, onC] = [await fleet.connect('b'), await fleet.connect('c')];
    const operations = [
      { action: 'disconnect', broker: '*', clientid: onC.clientId },
      { action: 'disconnect', broker: 'c', clientid: onC.clientId },
      { action: 'disconnect', broker: '*', clientid: onB.clientId },
    ];
    const { bulk } = await fleet.bulk({ operations }, { token: TOKENS.editorOfB });
    expect(bulk.items.map(({ broker, outcome, status }) => [broker, outcome, status])).toEqual([
      ['b', 'failed', 404],
      ['c', 'failed', 403],
      ['b', 'done', 200],
    ]);
    expect(onC.mqtt.connected).toBe(true);
  });

  it('counts its items against a limit of their own', async () => {
    const limited = await Fleet.start(
      { b: await (CONTROL_BROKERS[0]?.[1] ?? (() => Promise.reject(new Error('no broker'))))() },
      { rateLimit: { requestsPerMinute: 0, bulkItemsPerMinute: 3 } },
    );
    const operations = Array.from({ length: 5 }, (_, at) => ({ action: 'disconnect', clientid: `c${at}` }));
    const { bulk } = await limited.bulk({ operations }, { broker: 'b' });
    expect(bulk.items.map(({ outcome, status }) => [outcome, status])).toEqual([
      ...Array<unknown>(3).fill(['failed', 404]),
      ...Array<unknown>(2).fill(['not-sent', 429]),
    ]);
    await limited.stop();
  });

  it('is written into the audit trail, and each of its items', async () => {
    const device = await fleet.connect('b');
    const operations = [
      { action: 'subscribe', clientid: device.clientId, topic: 't' },
      { action: 'disconnect', clientid: 'nobody' },
      { clientid: 'odd' },
    ];
    const [{ headers }] = [await fleet.bulk({ operations, reason: 'ticket 7' }, { broker: 'b' })];
    const requestId = headers.get('x-request-id') ?? '';
    const records = (): Record<string, unknown>[] =>
      fleet.service.logLines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line.requestId === requestId && line.msg === 'audit')
        .sort((a, b) => Number(a.index ?? Infinity) - Number(b.index ?? Infinity));
    await until(() => records().length === 4, 'four audit records');
    expect(records()).toMatchObject([
      {
        action: 'subscribe',
        clientId: device.clientId,
        topic: 't',
        outcome: 'OK',
        reason: 'ticket 7',
        index: 0,
      },
      { action: 'disconnect', clientId: 'nobody', outcome: 'CLIENT_NOT_FOUND', index: 1 },
      { outcome: 'INVALID', index: 2 },
      { action: 'bulk', outcome: 'OK', details: { summary: { total: 3, done: 1, failed: 2 } } },
    ]);
  });
});
