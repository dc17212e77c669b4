import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis.js';
import { Samples } from '../support/samples.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';

let redis: RedisServer;
const services: TestService[] = [];

beforeEach(async () => {
  redis = await RedisServer.start();
});
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  await redis.stop();
});

async function start(requestsPerMinute: number, redisUrl = redis.url): Promise<TestService> {
  const service = await TestService.start({
    config: { rateLimit: { requestsPerMinute, unauthenticatedPerMinute: requestsPerMinute, redisUrl } },
  });
  services.push(service);
  return service;
}

const projects = (service: TestService, token: string | null = TOKENS.viewer): Promise<Answer> =>
  service.get('/api/projects', token);

/** Waits until requests are counted. */
async function counting(service: TestService): Promise<void> {
  await until(
    async () => (await projects(service, TOKENS.admin)).headers.has('ratelimit'),
    'requests are counted',
  );
}

const warnings = (service: TestService): string[] =>
  service.logLines
    .map((line) => JSON.parse(line) as { level: number; msg: string })
    .filter(({ level, msg }) => level === 40 && msg.startsWith('Redis'))
    .map(({ msg }) => msg);

const metric = async (service: TestService, name: string): Promise<number | undefined> =>
  (await Samples.scrape(service.url)).value(name);

describe('rate limits in Redis', () => {
  it('are shared by replicas', async () => {
    const [a, b] = [await start(3), await start(3)];
    await counting(a);
    await counting(b);
    expect((await projects(a)).headers.get('ratelimit')).toMatch(/r=2;/);
    expect((await projects(b)).headers.get('ratelimit')).toMatch(/r=1;/);
    expect((await projects(a)).headers.get('ratelimit')).toMatch(/r=0;/);
    const refused = await projects(b);
    expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect((await projects(a)).status).toBe(429);
  });

  it('are shared before authentication, too', async () => {
    const [a, b] = [await start(1), await start(1)];
    await counting(a);
    await counting(b);
    expect((await projects(a, 'wrong')).status).toBe(401);
    expect((await projects(b, 'wrong')).status).toBe(429);
  });

  it('outlive a restart of the service', async () => {
    const before = await start(1);
    await counting(before);
    expect((await projects(before)).status).toBe(200);
    const after = await start(1);
    await counting(after);
    expect((await projects(after)).status).toBe(429);
  });
});

describe('a Redis that is down', () => {
  it('stops nothing: requests pass unlimited, one warning per outage, and the limits come back with it', async () => {
    const service = await start(1);
    await counting(service);
    await redis.kill();
    await until(async () => (await metric(service, 'rate_limit_store_up')) === 0, 'the outage is noticed');
    for (let i = 0; i < 5; i++) expect((await projects(service)).status).toBe(200);
    expect(await metric(service, 'rate_limit_store_errors_total')).toBeGreaterThanOrEqual(5);
    expect(warnings(service)).toHaveLength(1);
    expect(warnings(service)[0]).toContain('requests pass without a rate limit');

    await redis.start();
    await until(async () => (await metric(service, 'rate_limit_store_up')) === 1, 'the end is noticed');
    await until(async () => (await projects(service)).status === 429, 'the limit applies');
    expect(warnings(service)).toHaveLength(2);
    expect(warnings(service)[1]).toContain('the rate limits apply');
  });

  it('does not have to be there at the start', async () => {
    const service = await start(1, `redis://127.0.0.1:${await freePort()}`);
    for (let i = 0; i < 3; i++) expect((await projects(service)).status).toBe(200);
    await until(() => warnings(service).length === 1, 'the warning');
  });

  it('holds no request for long when it hangs', async () => {
    const service = await start(1000);
    await counting(service);
    redis.signal('SIGSTOP');
    const startedAt = performance.now();
    for (let i = 0; i < 20; i++) expect((await projects(service)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(await metric(service, 'rate_limit_store_up')).toBe(0);
    redis.signal('SIGCONT');
    await counting(service);
    expect(await metric(service, 'rate_limit_store_up')).toBe(1);
    expect(warnings(service)).toHaveLength(2);
  });
});
