import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONTROL_BROKERS, type ControlBroker } from '../../support/control-brokers.js';
import { Device } from '../../support/device.js';
import { RedisServer } from '../../support/redis.js';
import { TestService, TOKENS, type Answer } from '../../support/test-service.js';
import { until } from '../../support/until.js';

/** Two replicas that share a Redis, and so the keys of calls. */
describe('a call with a key, on two replicas', () => {
  let redis: RedisServer;
  let broker: ControlBroker;
  let replicas: readonly TestService[];

  beforeAll(async () => {
    redis = await RedisServer.start();
    const [[, startEmbedded]] = CONTROL_BROKERS as readonly [(typeof CONTROL_BROKERS)[number]];
    broker = await startEmbedded();
    const options = {
      brokers: [{ id: 'b', ...broker.settings }],
      config: { rateLimit: { redisUrl: redis.url } },
    };
    replicas = await Promise.all([TestService.start(options), TestService.start(options)]);
    await Promise.all(replicas.map((replica) => replica.brokerState('b')));
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await broker.stop();
    await redis.stop();
  });

  const call = (replica: TestService | undefined, key: string, body: object): Promise<Answer> =>
    replica === undefined
      ? Promise.reject(new Error('no such replica'))
      : replica.request('POST', '/api/projects/p/brokers/b/client-control/bulk', {
          token: TOKENS.editor,
          body,
          headers: { 'idempotency-key': key },
        });

  it('is carried out once, when both get it at once', async () => {
    const topics = Array.from({ length: 20 }, (_, at) => `once/${at}`);
    const device = await Device.connect(broker.url, { protocolVersion: 4, clientId: 'once' });
    const operations = topics.map((topic) => ({ action: 'subscribe', clientid: 'once', topic }));
    const body = { operations, perSecond: 40 };
    const answers = await Promise.all(replicas.map((replica) => call(replica, 'both-at-once', body)));
    const [done, refused] = [...answers].sort((a, b) => a.status - b.status);
    expect(done).toMatchObject({ status: 200, body: { summary: { total: 20, done: 20 } } });
    expect(refused).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_KEY_IN_USE' } });
    const done20 = replicas.map(
      ({ logLines }) =>
        logLines.filter((line) => line.includes('"msg":"audit"') && line.includes('once/')).length,
    );
    expect(done20.sort((a, b) => a - b)).toEqual([0, 20]);
    await device.end();
  });

  it('gets the stored answer from the other replica afterwards', async () => {
    const body = { operations: [{ action: 'disconnect', clientid: 'not-there' }] };
    const first = await call(replicas[0], 'one-then-other', body);
    const second = await call(replicas[1], 'one-then-other', body);
    expect(first.status).toBe(200);
    expect(second.body).toEqual(first.body);
  });

  it('is refused while Redis is away, rather than carried out twice', async () => {
    await redis.stop();
    const body = { operations: [{ action: 'disconnect', clientid: 'not-there' }] };
    await until(
      async () => (await call(replicas[0], 'redis-is-away', body)).status === 503,
      'the call is refused',
    );
    const { body: refusal } = await call(replicas[1], 'redis-is-away', body);
    expect(refusal).toMatchObject({ code: 'IDEMPOTENCY_STORE_UNAVAILABLE' });
  });
});
