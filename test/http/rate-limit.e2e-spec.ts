import { afterEach, describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../src/auth/token-table.js';
import { Samples } from '../support/samples.js';
import { TestService, TOKENS, testConfig, type Answer } from '../support/test-service.js';

let service: TestService;

async function start(rateLimit: object, http: object = {}): Promise<void> {
  service = await TestService.start({ config: { rateLimit, http: { port: 0, ...http } } });
}
afterEach(() => service.stop());

/** The statuses of so many requests, one after the other. */
async function statuses(count: number, request: () => Promise<Answer>): Promise<number[]> {
  const answers: number[] = [];
  for (let i = 0; i < count; i++) answers.push((await request()).status);
  return answers;
}

const projects = (
  token: string | null = TOKENS.viewer,
  headers: Record<string, string> = {},
): Promise<Answer> => service.request('GET', '/api/projects', { token, headers });

const TOO_MANY = { status: 429, body: { code: 'TOO_MANY_REQUESTS', status: 429 } };

describe('the limit per credential', () => {
  it('answers 429 TOO_MANY_REQUESTS, and when to come back, once it is used up', async () => {
    await start({ requestsPerMinute: 2 });
    expect(await statuses(2, projects)).toEqual([200, 200]);
    const { status, headers, body } = await projects();
    const seconds = Number(headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(status).toBe(429);
    expect(body).toEqual({
      code: 'TOO_MANY_REQUESTS',
      status: 429,
      message: `Too many requests; try again in ${seconds} s`,
      info: { retryAfterSeconds: seconds },
    });
    expect((await Samples.scrape(service.url)).value('rate_limited_total', { scope: 'credential' })).toBe(1);
  });

  it('is told in the RateLimit headers of every answer', async () => {
    await start({ requestsPerMinute: 2 });
    const remaining = async (): Promise<string | null> => {
      const { headers } = await projects();
      expect(headers.get('ratelimit-policy')).toBe('"credential";q=2;w=60');
      return headers.get('ratelimit');
    };
    expect(await remaining()).toMatch(/^"credential";r=1;t=(60|5\d)$/);
    expect(await remaining()).toMatch(/^"credential";r=0;t=(60|5\d)$/);
    expect(await remaining()).toMatch(/^"credential";r=0;t=(60|5\d)$/);
  });

  it('counts each credential by itself', async () => {
    await start({ requestsPerMinute: 1 });
    expect(await statuses(2, () => projects(TOKENS.viewer))).toEqual([200, 429]);
    expect(await statuses(2, () => projects(TOKENS.editor))).toEqual([200, 429]);
  });

  it('comes after the route and the credentials, and before the grant and the body', async () => {
    await start({ requestsPerMinute: 1 });
    expect((await projects(TOKENS.nobody)).status).toBe(200);
    expect(await service.get('/api/nothing', TOKENS.nobody)).toMatchObject({ status: 404 });
    expect(await service.request('PUT', '/api/projects', { token: TOKENS.nobody })).toMatchObject({
      status: 405,
    });
    expect(await service.get('/api/projects/p/brokers', TOKENS.nobody)).toMatchObject(TOO_MANY);
    expect(await service.control('disconnect', '{', { token: TOKENS.nobody })).toMatchObject(TOO_MANY);
  });

  it('leaves health and metrics alone', async () => {
    await start({ requestsPerMinute: 1, unauthenticatedPerMinute: 1 });
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      expect(await statuses(5, () => service.get(path, null))).toEqual([200, 200, 200, 200, 200]);
      expect((await service.get(path)).headers.get('ratelimit')).toBeNull();
    }
  });

  it("is a token's own where it has one", async () => {
    const token = { name: 'ci', sha256: sha256Hex('ci'), grants: [{ project: 'p', role: 'viewer' }] };
    service = await TestService.start({
      config: { rateLimit: { requestsPerMinute: 1 } },
      auth: {
        tokens: [
          { ...token, requestsPerMinute: 3 },
          { ...token, name: 'batch', sha256: sha256Hex('batch'), requestsPerMinute: 0 },
        ],
      },
    });
    expect(await statuses(4, () => projects('ci'))).toEqual([200, 200, 200, 429]);
    expect((await projects('ci')).headers.get('ratelimit-policy')).toBe('"credential";q=3;w=60');
    expect(await statuses(5, () => projects('batch'))).toEqual([200, 200, 200, 200, 200]);
  });

  it('is off at 0', async () => {
    await start({ requestsPerMinute: 0 });
    expect(await statuses(20, projects)).toEqual(Array(20).fill(200));
    expect((await projects()).headers.get('ratelimit')).toBeNull();
  });

  it('takes effect with the next request when a reload changes it', async () => {
    await start({ requestsPerMinute: 1 });
    expect(await statuses(2, projects)).toEqual([200, 429]);
    service.config.replace(testConfig({ config: { rateLimit: { requestsPerMinute: 100 } } }));
    expect(await statuses(2, projects)).toEqual([200, 200]);
  });
});

describe('the limit per address', () => {
  it('turns 401 into 429 for requests without an accepted credential', async () => {
    await start({ unauthenticatedPerMinute: 3 });
    expect((await projects(null)).headers.get('ratelimit')).toMatch(/^"address";r=2;t=(60|5\d)$/);
    expect((await projects('wrong')).status).toBe(401);
    expect((await projects(TOKENS.expired)).status).toBe(401);
    expect(await projects('wrong')).toMatchObject(TOO_MANY);
    expect(await projects(null)).toMatchObject(TOO_MANY);
    expect((await Samples.scrape(service.url)).value('rate_limited_total', { scope: 'address' })).toBe(2);
  });

  it('locks nobody out whose credential is accepted', async () => {
    await start({ unauthenticatedPerMinute: 1 });
    expect(await statuses(3, () => projects('wrong'))).toEqual([401, 429, 429]);
    expect((await projects()).status).toBe(200);
  });

  it('does not count requests with an accepted credential', async () => {
    await start({ unauthenticatedPerMinute: 2 });
    expect(await statuses(5, projects)).toEqual(Array(5).fill(200));
    expect(await statuses(3, () => projects(null))).toEqual([401, 401, 429]);
  });

  it('is off at 0', async () => {
    await start({ unauthenticatedPerMinute: 0 });
    expect(await statuses(20, () => projects(null))).toEqual(Array(20).fill(401));
  });
});

describe('the address behind a proxy', () => {
  const from = (address: string) => (): Promise<Answer> => projects(null, { 'x-forwarded-for': address });

  it.each([[false], [['192.0.2.1']]])(
    'is that of the connection, whatever X-Forwarded-For says, with trustProxy %j',
    async (trustProxy) => {
      await start({ unauthenticatedPerMinute: 1 }, { trustProxy });
      expect(await statuses(1, from('203.0.113.1'))).toEqual([401]);
      expect(await statuses(1, from('203.0.113.2'))).toEqual([429]);
    },
  );

  it.each([[true], [['127.0.0.1']], [['127.0.0.0/8']]])(
    'is that of X-Forwarded-For with trustProxy %j',
    async (trustProxy) => {
      await start({ unauthenticatedPerMinute: 1 }, { trustProxy });
      expect(await statuses(2, from('203.0.113.1'))).toEqual([401, 429]);
      expect(await statuses(2, from('203.0.113.2'))).toEqual([401, 429]);
    },
  );

  it('is the one that the trusted proxy saw, not what the caller made up', async () => {
    await start({ unauthenticatedPerMinute: 1 }, { trustProxy: ['127.0.0.1'] });
    expect(await statuses(1, from('198.51.100.1, 203.0.113.1'))).toEqual([401]);
    expect(await statuses(1, from('198.51.100.2, 203.0.113.1'))).toEqual([429]);
  });

  it('is the same with the port that some proxies write behind it', async () => {
    await start({ unauthenticatedPerMinute: 3 }, { trustProxy: true });
    expect(await statuses(1, from('203.0.113.1:1234'))).toEqual([401]);
    expect(await statuses(1, from('203.0.113.1:5678, 127.0.0.1:80'))).toEqual([401]);
    expect(await statuses(2, from('203.0.113.1'))).toEqual([401, 429]);
    expect(await statuses(3, from('[2001:db8::1]:443'))).toEqual([401, 401, 401]);
    expect(await statuses(1, from('2001:db8::2'))).toEqual([429]);
  });

  it('stands for its /64 network when it is an IPv6 address', async () => {
    await start({ unauthenticatedPerMinute: 1 }, { trustProxy: true });
    expect(await statuses(1, from('2001:db8:0:1::1'))).toEqual([401]);
    expect(await statuses(1, from('2001:db8:0:1:ffff::2'))).toEqual([429]);
    expect(await statuses(1, from('2001:db8:0:2::1'))).toEqual([401]);
  });

  it('is no address at all when a trusted proxy passes nonsense on: that is counted, too', async () => {
    await start({ unauthenticatedPerMinute: 1 }, { trustProxy: true });
    expect(await statuses(2, from('no-address'))).toEqual([401, 429]);
  });
});
