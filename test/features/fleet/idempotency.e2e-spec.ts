import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS } from '../../support/control-brokers.js';
import { expectError } from '../../support/expect-error.js';
import { allowSlowCommands, connectedToRedis, RedisServer } from '../../support/redis.js';
import { TcpSwitch } from '../../support/tcp-switch.js';
import { TestService, TOKENS } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { Fleet } from './fleet.js';

const startEmbedded = CONTROL_BROKERS[0]?.[1] ?? (() => Promise.reject(new Error('no broker')));
let sequence = 0;
/** Waits until keys are kept there, and lets that take as long as it may. */
async function withRedis(service: TestService): Promise<void> {
  allowSlowCommands(service);
  await connectedToRedis(service);
}
const newKey = (): string => `key-of-the-tests-${++sequence}`;

describe.each(['memory', 'Redis'])('an Idempotency-Key, kept in %s', (where) => {
  let redis: RedisServer | undefined;
  /** With the permissions that the documentation calls the least, and no more. */
  let redisUrl: string | undefined;
  let fleet: Fleet;

  const config = (): Record<string, unknown> => ({
    rateLimit: { requestsPerMinute: 0, redisUrl },
  });
  beforeAll(async () => {
    if (where === 'Redis') redis = await RedisServer.start();
    redisUrl = await redis?.documentedUser();
    fleet = await Fleet.start({ b: await startEmbedded() }, config());
    if (redis !== undefined) await withRedis(fleet.service);
  });
  afterEach(() => fleet.disconnectAll());
  afterAll(async () => {
    await fleet.stop();
    await redis?.stop();
  });

  const disconnect = (clientid: string): object => ({ operations: [{ action: 'disconnect', clientid }] });
  const withKey = (key: string): { broker: string; headers: Record<string, string> } => ({
    broker: 'b',
    headers: { 'idempotency-key': key },
  });

  it('gets the stored answer again, and nothing is done twice', async () => {
    const key = newKey();
    const first = await fleet.connect('b', { clientId: 'idem-1' });
    const answer = await fleet.bulk(disconnect('idem-1'), withKey(key));
    await first.closed;
    const second = await fleet.connect('b', { clientId: 'idem-1' });
    const again = await fleet.bulk(disconnect('idem-1'), withKey(key));
    expect(again.body).toEqual(answer.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(second.mqtt.connected).toBe(true);
    const lines = await fleet.lines(disconnect('idem-1'), withKey(key));
    expect(lines.lines).toEqual([...answer.bulk.items, { summary: answer.bulk.summary }]);
  });

  it('with another body is refused, and belongs to its caller', async () => {
    const key = newKey();
    await fleet.bulk(disconnect('nobody'), withKey(key));
    expectError(await fleet.bulk(disconnect('somebody'), withKey(key)), 'IDEMPOTENCY_KEY_REUSED');
    const other = await fleet.bulk(disconnect('somebody'), { ...withKey(key), token: TOKENS.admin });
    expect(other.status).toBe(200);
  });

  it('of a call that goes on is in use', async () => {
    const key = newKey();
    const device = await fleet.connect('b', { clientId: 'idem-slow' });
    const operations = ['idem-slow', ...Array<string>(7).fill('nobody')].map((clientid) => ({
      action: 'disconnect',
      clientid,
    }));
    const slow = fleet.bulk({ operations, perSecond: 4 }, withKey(key));
    await device.closed;
    expectError(await fleet.bulk({ operations, perSecond: 4 }, withKey(key)), 'IDEMPOTENCY_KEY_IN_USE');
    expect((await slow).bulk.summary.total).toBe(8);
  });

  it('is free again when the call as a whole failed', async () => {
    const key = newKey();
    const call = { select: { clientid: 'idem-*' }, actions: [{ action: 'disconnect' }] };
    expectError(await fleet.bulk({ ...call, expectCount: 5 }, withKey(key)), 'SELECTION_CHANGED');
    expect((await fleet.bulk({ ...call, expectCount: 0 }, withKey(key))).status).toBe(200);
  });

  it.each(['short', 'x'.repeat(129), 'with a space in it'])('is refused as %j', async (key) => {
    expectError(await fleet.bulk(disconnect('x'), withKey(key)), 'INVALID');
  });

  it('does not go with a body of lines', async () => {
    const headers = { 'idempotency-key': newKey(), 'content-type': 'application/x-ndjson' };
    expectError(await fleet.bulk('{}', { broker: 'b', headers }), 'INVALID');
  });

  if (where === 'Redis') {
    it('is shared by replicas: of two calls at once, one is carried out', async () => {
      const { settings } = fleet.brokers.b ?? { settings: {} };
      const replica = await TestService.start({ brokers: [{ id: 'b', ...settings }], config: config() });
      await replica.brokerState('b');
      await withRedis(replica);
      const device = await fleet.connect('b', { clientId: 'idem-2' });
      const key = newKey();
      const path = '/api/projects/p/brokers/b/client-control/bulk';
      const options = { body: disconnect('idem-2'), headers: { 'idempotency-key': key } };
      const answers = await Promise.all([
        fleet.service.request('POST', path, options),
        replica.request('POST', path, options),
      ]);
      await device.closed;
      const statuses = answers.map(({ status }) => status).sort();
      expect([
        [200, 200],
        [200, 409],
      ]).toContainEqual(statuses);
      const done = answers.filter(
        ({ headers, status }) => status === 200 && !headers.has('idempotency-replayed'),
      );
      expect(done).toHaveLength(1);
      await replica.stop();
    });

    describe('that was refused because Redis was slow', () => {
      // Redis reads what it was sent when it goes on, and so after the caller was told that nothing was done.
      let slow: TestService;
      let line: TcpSwitch;
      const path = '/api/projects/p/brokers/b/client-control/bulk';

      beforeAll(async () => {
        line = await TcpSwitch.start(redis?.port ?? 0);
        const url = new URL(redisUrl ?? '');
        url.port = String(line.port);
        const { settings } = fleet.brokers.b ?? { settings: {} };
        const rateLimit = { requestsPerMinute: 0, redisUrl: url.href };
        slow = await TestService.start({ brokers: [{ id: 'b', ...settings }], config: { rateLimit } });
        await slow.brokerState('b');
        await connectedToRedis(slow);
      });
      afterAll(async () => {
        redis?.signal('SIGCONT');
        await slow.stop();
        await line.stop();
      });

      it.each([
        ['is free again once Redis answers', () => undefined],
        ['is so even if the connection was lost meanwhile', () => line.breakAll()],
      ])('%s', async (_what, meanwhile) => {
        const call = { body: disconnect('nobody'), headers: { 'idempotency-key': newKey() } };
        redis?.signal('SIGSTOP');
        expectError(await slow.request('POST', path, call), 'IDEMPOTENCY_STORE_UNAVAILABLE');
        meanwhile();
        redis?.signal('SIGCONT');
        const retry = async (): Promise<number> => (await slow.request('POST', path, call)).status;
        await until(async () => (await retry()) === 200, 'the retry is carried out', 20_000);
      });
    });

    it('is refused while Redis does not answer: then nothing is done', async () => {
      await redis?.kill();
      const device = await fleet.connect('b', { clientId: 'idem-3' });
      expectError(await fleet.bulk(disconnect('idem-3'), withKey(newKey())), 'IDEMPOTENCY_STORE_UNAVAILABLE');
      expect(device.mqtt.connected).toBe(true);
    });
  }
});
