import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';

/** Both providers call their user so, and so does the configuration a token of its own. */
const NAME = 'editor';
const CLAIMS = { client_control: { p: 'admin' }, preferred_username: NAME };
const REQUESTS_PER_MINUTE = 20;
const ITEMS_PER_MINUTE = 5;

let plant: IdentityProvider;
let partner: IdentityProvider;
let service: TestService;
/** Of the callers with that name; the last two are of one provider. */
let tokens: readonly string[];

beforeAll(async () => {
  plant = await IdentityProvider.create(await freePort(), 'https://plant.example.com/');
  partner = await IdentityProvider.create(await freePort(), 'https://partner.example.com/');
  await Promise.all([plant.start(), partner.start()]);
  service = await TestService.start({
    brokers: [{ id: 'b', url: 'mqtt://127.0.0.1:9' }],
    auth: { jwt: [plant, partner].map(({ config }) => ({ ...config, nameClaim: 'preferred_username' })) },
    config: {
      rateLimit: { requestsPerMinute: REQUESTS_PER_MINUTE, bulkItemsPerMinute: ITEMS_PER_MINUTE },
      audit: { store: 'memory' },
    },
  });
  tokens = [
    TOKENS.editor,
    await plant.token({ ...CLAIMS, sub: '1' }),
    await partner.token({ ...CLAIMS, sub: '1' }),
    await partner.token({ ...CLAIMS, sub: '2' }),
  ];
});

afterAll(async () => {
  await service.stop();
  await Promise.all([plant.stop(), partner.stop()]);
});

const bulk = (token: string, clientid: string, count: number, key?: string): Promise<Answer> =>
  service.request('POST', '/api/projects/p/brokers/b/client-control/bulk', {
    token,
    body: { operations: Array.from({ length: count }, () => ({ action: 'disconnect', clientid })) },
    ...(key !== undefined && { headers: { 'idempotency-key': key } }),
  });

/** A record of the trail, or a line of the log. */
interface Line {
  readonly msg?: string;
  readonly caller?: string;
  readonly callerKind: string;
  readonly callerIssuer?: string;
}

const whose = (lines: readonly Line[]): Set<string> =>
  new Set(lines.map(({ callerKind, callerIssuer = '' }) => `${callerKind} ${callerIssuer}`.trim()));

describe('callers with the same name', () => {
  it('do not get the answers of each other for an Idempotency-Key', async () => {
    for (const token of tokens) {
      const answer = await bulk(token, 'x', 1, 'key-of-more-than-one');
      expect(answer.status).toBe(200);
      expect(answer.headers.has('idempotency-replayed')).toBe(false);
    }
    for (const token of tokens) {
      const again = await bulk(token, 'x', 1, 'key-of-more-than-one');
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
  });

  it('do not use up the items of each other', async () => {
    for (const token of tokens) {
      // One item each went with the key.
      const { body } = await bulk(token, 'x', ITEMS_PER_MINUTE, undefined);
      const { items } = body as { items: { status: number }[] };
      expect(items.filter(({ status }) => status === 429)).toHaveLength(1);
    }
  });

  it('are told apart in the audit trail, and in the log', async () => {
    const { body } = await service.get('/api/projects/p/audit?caller=editor&limit=100', TOKENS.admin);
    const each = new Set(['token', `jwt ${plant.issuer}`, `jwt ${partner.issuer}`]);
    expect(whose(body as Line[])).toEqual(each);
    const lines = service.logLines.map((line) => JSON.parse(line) as Line);
    expect(whose(lines.filter(({ msg, caller }) => msg === 'request' && caller === NAME))).toEqual(each);
  });

  it('do not use up the requests of each other', async () => {
    for (const token of tokens) {
      const { headers } = await service.get('/api/projects', token);
      const left = Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
      expect(left).toBe(REQUESTS_PER_MINUTE - 4);
    }
    const [, first = '', second = ''] = tokens;
    for (let times = 0; times < REQUESTS_PER_MINUTE; times += 1) await service.get('/api/projects', first);
    expectError(await service.get('/api/projects', first), 'TOO_MANY_REQUESTS');
    expect((await service.get('/api/projects', second)).status).toBe(200);
  });
});
