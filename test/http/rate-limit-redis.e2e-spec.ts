import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { freePort } from '../support/free-port.js';
import { allowSlowCommands, RedisServer } from '../support/redis.js';
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

/** A service that gives Redis no more time than any other does. */
async function startHurried(requestsPerMinute: number, redisUrl = redis.url): Promise<TestService> {
  const service = await TestService.start({
    config: { rateLimit: { requestsPerMinute, unauthenticatedPerMinute: requestsPerMinute, redisUrl } },
  });
  services.push(service);
  return service;
}

/** A service that takes no Redis for one that is down as a busy machine makes it slow. */
async function start(requestsPerMinute: number, redisUrl = redis.url): Promise<TestService> {
  const service = await startHurried(requestsPerMinute, redisUrl);
  allowSlowCommands(service);
  return service;
}

/** A service that Redis does not serve, for the reason that is the only thing it says of the outage. */
async function startUnserved(redisUrl = redis.url): Promise<TestService> {
  for (let attempt = 1; ; attempt += 1) {
    const service = await start(2, redisUrl);
    await until(() => warnings(service).length > 0, 'the warning');
    // On a busy machine Redis may not have answered the first time, and nothing is said of what comes after that.
    if (attempt === 5 || warnings(service)[0]?.includes('it does not answer') !== true) return service;
    await services.pop()?.stop();
  }
}

const projects = (service: TestService, token: string | null = TOKENS.viewer): Promise<Answer> =>
  service.get('/api/projects', token);

/** Waits until Redis counts, which a request has to find out; it is one of a caller whom no test looks at. */
async function counting(service: TestService): Promise<void> {
  await until(async () => {
    await projects(service, TOKENS.admin);
    return (await metric(service, 'rate_limit_store_up')) === 1;
  }, 'Redis counts');
}

/** The statuses of so many requests, one after the other. */
async function statuses(service: TestService, count: number): Promise<number[]> {
  const answers: number[] = [];
  for (let i = 0; i < count; i++) answers.push((await projects(service)).status);
  return answers;
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
  it('stops nothing: each process counts by itself, one warning per outage, and the shared limits come back with it', async () => {
    const [a, b] = [await start(2), await start(2)];
    await counting(a);
    await counting(b);
    // Nest's logger is that of the process: it writes to the log of the latest service.
    const before = warnings(b).length;
    const warned = (words: string): string[] =>
      warnings(b)
        .slice(before)
        .filter((text) => text.includes(words));
    await redis.kill();
    for (const service of [a, b]) {
      await until(async () => (await metric(service, 'rate_limit_store_up')) === 0, 'the outage is noticed');
      expect(await statuses(service, 3)).toEqual([200, 200, 429]);
      expect(await metric(service, 'rate_limit_store_errors_total')).toBeGreaterThanOrEqual(3);
    }
    expect(warned('each process counts by itself')).toHaveLength(2);

    await redis.start();
    await counting(a);
    await counting(b);
    expect([...(await statuses(a, 2)), ...(await statuses(b, 1))]).toEqual([200, 200, 429]);
    expect(warned('the rate limits are shared')).toHaveLength(2);
    expect(warned('each process counts by itself')).toHaveLength(2);
  });

  it('does not have to be there at the start', async () => {
    const service = await start(2, `redis://127.0.0.1:${await freePort()}`);
    expect(await statuses(service, 3)).toEqual([200, 200, 429]);
    await until(() => warnings(service).length === 1, 'the warning');
  });

  it('holds no request for long when it hangs', async () => {
    const service = await startHurried(1000);
    await counting(service);
    const before = warnings(service).length;
    redis.signal('SIGSTOP');
    const startedAt = performance.now();
    for (let i = 0; i < 80; i++) expect((await projects(service)).status).toBe(200);
    // Held for a quarter of a second each, they would take 20 seconds.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await metric(service, 'rate_limit_store_up')).toBe(0);
    expect(warnings(service).slice(before)).toEqual([
      expect.stringContaining('each process counts by itself'),
    ]);
    redis.signal('SIGCONT');
    await counting(service);
    expect(warnings(service)[before + 1]).toContain('the rate limits are shared');
  });
});

describe('a Redis that does not count', () => {
  const command = async (server: RedisServer, ...words: string[]): Promise<void> => {
    const client = new Redis(server.url);
    await client.call(words[0] ?? '', words.slice(1));
    client.disconnect();
  };

  it('since it is a replica after a failover is left for the one that took over, behind the same address', async () => {
    const successor = await RedisServer.start();
    let target = redis;
    const address = createServer((socket) => {
      const upstream = connect(target.port, '127.0.0.1');
      for (const each of [socket, upstream]) each.on('error', () => undefined);
      socket.pipe(upstream).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(address, 'listening');
    try {
      const service = await start(2, `redis://127.0.0.1:${(address.address() as AddressInfo).port}`);
      await counting(service);
      const before = warnings(service).length;
      await command(redis, 'REPLICAOF', '127.0.0.1', String(successor.port));
      target = successor;
      await counting(service);
      expect(warnings(service).slice(before)).toEqual([
        expect.stringContaining('it is a replica now'),
        expect.stringContaining('the rate limits are shared'),
      ]);
      expect(await statuses(service, 3)).toEqual([200, 200, 429]);
      expect(await metric(service, 'rate_limit_store_up')).toBe(1);
    } finally {
      address.close();
      await successor.stop();
    }
  });

  it.each([
    ['a wrong password', ['>secret', '+@all', '~*'], 'wrong', 'refuses the username or password'],
    ['a missing permission', ['>secret', '+@all', '-eval', '~*'], 'secret', 'lacks a permission'],
    ['keys out of reach', ['>secret', '+@all', '~other:*'], 'secret', 'lacks a permission'],
  ])('for %s says so, and leaves each process to itself', async (_what, rules, password, words) => {
    await command(redis, 'ACL', 'SETUSER', 'limits', 'on', ...rules);
    const service = await startUnserved(`redis://limits:${password}@127.0.0.1:${redis.port}`);
    expect(warnings(service)[0]).toContain(words);
    expect(await statuses(service, 3)).toEqual([200, 200, 429]);
  });

  it('needs no more than the documented permissions', async () => {
    const service = await start(2, await redis.documentedUser());
    await counting(service);
    expect(await statuses(service, 3)).toEqual([200, 200, 429]);
    // A busy machine may let the first command time out; a lack of permissions says so.
    expect(warnings(service).filter((text) => text.includes('permission'))).toEqual([]);
  });

  it('as it is a node of a cluster says so, once', async () => {
    await redis.kill();
    await redis.start('--cluster-enabled', 'yes');
    const service = await startUnserved();
    expect(warnings(service)[0]).toContain('a node of a cluster, which is not supported');
    expect(await statuses(service, 3)).toEqual([200, 200, 429]);
    expect(warnings(service)).toHaveLength(1);
  });
});
