import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS } from '../../support/control-brokers.js';
import { TOKENS } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { Fleet } from './fleet.js';

interface DryRun {
  readonly count: number;
  readonly clients: readonly { readonly broker: string; readonly clientid: string }[];
  readonly selection: string;
  readonly notAnswered: readonly unknown[];
}

/** The same for each client that a filter selects, on every kind of broker. */
describe.each(CONTROL_BROKERS)('a selection on %s', (_name, startBroker) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startBroker() });
    await until(
      async () =>
        (await fleet.service.gateway.capabilitiesKnown({ projectId: 'p', brokerId: 'b' })).extension,
      'the broker has described itself',
    );
  }, 120_000);
  afterEach(() => fleet.disconnectAll());
  afterAll(() => fleet.stop());

  const select = { clientid: 'sel-*' };

  it('is looked at first: how many, which, and a mark for just these', async () => {
    const devices = await fleet.connectMany('b', 5, 'sel-');
    const body = { select, actions: [{ action: 'disconnect' }], dryRun: true };
    const { status, body: answer } = await fleet.bulk(body, { broker: 'b' });
    const dry = answer as DryRun;
    expect(status).toBe(200);
    expect(dry).toMatchObject({ count: 5, notAnswered: [] });
    expect(dry.clients.map(({ clientid }) => clientid).sort()).toEqual(
      devices.map(({ clientId }) => clientId).sort(),
    );
    expect(devices.every(({ mqtt }) => mqtt.connected)).toBe(true);
  });

  it('does nothing when it has changed since, and acts when it has not', async () => {
    const devices = await fleet.connectMany('b', 3, 'sel-');
    const actions = [{ action: 'disconnect' }];
    const { body } = await fleet.bulk({ select, actions, dryRun: true }, { broker: 'b' });
    const { selection, count } = body as DryRun;
    await fleet.connect('b', { clientId: 'sel-late' });
    for (const guard of [{ expectCount: count }, { selection }]) {
      const changed = await fleet.bulk({ select, actions, ...guard }, { broker: 'b' });
      expect(changed).toMatchObject({ status: 409, body: { code: 'SELECTION_CHANGED' } });
    }
    expect(devices.every(({ mqtt }) => mqtt.connected)).toBe(true);
    const { bulk } = await fleet.bulk({ select, actions, expectCount: count + 1 }, { broker: 'b' });
    expect(bulk.summary).toMatchObject({ total: 4, done: 4 });
    await Promise.all(devices.map(({ closed }) => closed));
  });

  it('moves each client to a topic of its own, one action after the other', async () => {
    const devices = await fleet.connectMany('b', 3, 'sel-');
    const publisher = await fleet.connect('b');
    for (const device of devices) await device.mqtt.subscribeAsync(`old/${device.clientId}`);
    const actions = [
      { action: 'subscribe', topic: 'new/${clientid}', qos: 1 },
      { action: 'unsubscribe', topic: 'old/${clientid}' },
    ];
    const { bulk } = await fleet.bulk({ select, actions, reason: 'move' }, { broker: 'b' });
    expect(bulk.summary).toEqual({ total: 6, done: 6, failed: 0, notSent: 0, unknown: 0 });
    await publisher.publish('old/sel-1', 'old');
    await publisher.publish('new/sel-1', 'new');
    await devices[1]?.message('new');
    expect(devices[1]?.messages.map(({ payload }) => payload)).toEqual(['new']);
  });

  it('does the next action of a client only after the one before succeeded', async () => {
    await fleet.connectMany('b', 2, 'sel-');
    const actions = [{ action: 'subscribe', topic: '$SYS/#' }, { action: 'disconnect' }];
    const { bulk } = await fleet.bulk({ select, actions }, { broker: 'b' });
    const codes = bulk.items.map(({ action, outcome, error }) => [action, outcome, error?.code]);
    expect(codes.filter(([action]) => action === 'subscribe')).toEqual(
      Array(2).fill(['subscribe', 'failed', 'NOT_ALLOWED']),
    );
    expect(codes.filter(([action]) => action === 'disconnect')).toEqual(
      Array(2).fill(['disconnect', 'not-sent', 'PREVIOUS_ACTION_FAILED']),
    );
  });

  it('puts no id with a wildcard or a level into a topic', async () => {
    await fleet.connect('b', { clientId: 'sel-a/b' });
    const actions = [{ action: 'subscribe', topic: 'new/${clientid}' }];
    const { bulk } = await fleet.bulk({ select, actions }, { broker: 'b' });
    expect(bulk.items).toMatchObject([{ outcome: 'failed', status: 400, error: { code: 'INVALID' } }]);
  });

  it('does not count or touch control connections, whatever the filter', async () => {
    const device = await fleet.connect('b', { clientId: 'sel-only' });
    const everybody = { select: { clientid: '*' }, actions: [{ action: 'disconnect' }] };
    const dry = await fleet.bulk({ ...everybody, dryRun: true }, { broker: 'b' });
    const { count, clients } = dry.body as DryRun;
    const own = fleet.service.gateway.ownClientId({ projectId: 'p', brokerId: 'b' });
    expect(clients.map(({ clientid }) => clientid)).not.toContain(own);
    const { status } = await fleet.bulk({ ...everybody, expectCount: count }, { broker: 'b' });
    expect(status).toBe(200);
    await device.closed;
    expect(fleet.service.gateway.status({ projectId: 'p', brokerId: 'b' }).state).toBe('connected');
  });
});

describe('a selection over brokers of which one does not answer', () => {
  let fleet: Fleet;
  const [[, startEmbedded]] = CONTROL_BROKERS as readonly [(typeof CONTROL_BROKERS)[number]];

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startEmbedded(), c: await startEmbedded() });
    await fleet.brokers.c?.stop();
    await fleet.service.brokerState('c', 'disconnected');
  });
  afterAll(() => fleet.stop());

  it('is refused, unless it may be partial', async () => {
    const device = await fleet.connect('b', { clientId: 'part-1' });
    const call = { select: { clientid: 'part-*' }, actions: [{ action: 'disconnect' }] };
    const refused = await fleet.bulk(call);
    expect(refused).toMatchObject({ status: 503, body: { code: 'SELECTION_INCOMPLETE' } });
    expect(device.mqtt.connected).toBe(true);
    const { bulk, status } = await fleet.bulk({ ...call, partial: true });
    expect(status).toBe(200);
    expect(bulk.summary).toMatchObject({ total: 1, done: 1 });
    await device.closed;
  });

  it('says on a dry run who did not answer', async () => {
    const call = { select: { clientid: 'part-*' }, actions: [{ action: 'disconnect' }], dryRun: true };
    expect((await fleet.bulk(call)).body).toMatchObject({
      count: 0,
      notAnswered: [{ project: 'p', broker: 'c' }],
    });
  });
});

describe('a call with a key', () => {
  let fleet: Fleet;
  const [[, startEmbedded]] = CONTROL_BROKERS as readonly [(typeof CONTROL_BROKERS)[number]];

  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startEmbedded() });
  });
  afterEach(() => fleet.disconnectAll());
  afterAll(() => fleet.stop());

  const keyed = (key: string, token: string = TOKENS.editor) => ({
    broker: 'b',
    token,
    headers: { 'idempotency-key': key },
  });

  it('is carried out once: the same call gets the same answer, and nothing is done again', async () => {
    const device = await fleet.connect('b', { clientId: 'once-1' });
    const body = { operations: [{ action: 'disconnect', clientid: 'once-1' }] };
    const first = await fleet.bulk(body, keyed('key-once-1'));
    await device.closed;
    const again = await fleet.connect('b', { clientId: 'once-1' });
    const second = await fleet.bulk(body, keyed('key-once-1'));
    expect(second.body).toEqual(first.body);
    expect(again.mqtt.connected).toBe(true);
  });

  it('with another body is refused', async () => {
    await fleet.bulk({ operations: [{ action: 'disconnect', clientid: 'a' }] }, keyed('key-reuse-1'));
    const other = await fleet.bulk(
      { operations: [{ action: 'disconnect', clientid: 'b' }] },
      keyed('key-reuse-1'),
    );
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('of another caller is another call', async () => {
    const body = { operations: [{ action: 'disconnect', clientid: 'a' }] };
    await fleet.bulk(body, keyed('key-caller-1'));
    const other = await fleet.bulk({ operations: [] }, keyed('key-caller-1', TOKENS.admin));
    expect(other.status).toBe(200);
  });

  it('that is still running is refused', async () => {
    const operations = Array.from({ length: 10 }, (_, at) => ({
      action: 'disconnect',
      clientid: `slow-${at}`,
    }));
    const body = { operations, perSecond: 10 };
    const running = fleet.bulk(body, keyed('key-running-1'));
    await until(
      async () => (await fleet.bulk(body, keyed('key-running-1'))).status === 409,
      'the second call is told that the first is running',
    );
    expect((await running).status).toBe(200);
  });

  it.each(['short', 'with space', 'x'.repeat(129)])('%s is refused as a key', async (key) => {
    expect((await fleet.bulk({ operations: [] }, keyed(key))).status).toBe(400);
  });
});
