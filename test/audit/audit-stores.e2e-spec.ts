import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditRecord } from '../../src/audit/audit-record.js';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { sha256Hex } from '../../src/auth/token-table.js';
import { expectError, issuesOf } from '../support/expect-error.js';
import { PostgresServer } from '../support/postgres.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';

type Entry = Readonly<Record<string, unknown>>;

const ADMIN_OF_B = 'admin-of-b-token-of-the-tests';
const SECOND = 1000;
const START = Date.UTC(2026, 0, 1);

const dir = mkdtempSync(join(tmpdir(), 'audit-test-'));
let broker: ScriptedBroker;
let postgres: PostgresServer;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  postgres = await PostgresServer.start();
});
afterAll(async () => {
  await broker.stop();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});

const STORES: Readonly<Record<string, () => object>> = {
  memory: () => ({ store: 'memory' }),
  file: () => ({ file: join(dir, 'audit.log') }),
  postgres: () => ({ postgres: postgres.settings }),
};

describe.each(Object.keys(STORES))('the audit trail in the store %s', (store) => {
  let service: TestService;
  /** Each test writes and reads in an hour of its own. */
  let now = START;
  let hour: { readonly from: string; readonly to: string };

  beforeAll(async () => {
    service = await TestService.start({
      brokers: [
        { id: 'b', url: broker.url, protocolVersion: 4 },
        { id: 'c', url: broker.url, protocolVersion: 4 },
      ],
      config: { audit: STORES[store]?.() },
      auth: {
        tokens: [
          { name: 'admin', sha256: sha256Hex(TOKENS.admin), grants: [{ project: '*', role: 'admin' }] },
          { name: 'editor', sha256: sha256Hex(TOKENS.editor), grants: [{ project: 'p', role: 'editor' }] },
          {
            name: 'other',
            sha256: sha256Hex(TOKENS.otherAdmin),
            grants: [{ project: 'other', role: 'admin' }],
          },
          {
            name: 'adminOfB',
            sha256: sha256Hex(ADMIN_OF_B),
            grants: [{ project: 'p', role: 'admin', brokers: ['b'] }],
          },
        ],
      },
    });
    await service.brokerState('b');
  });
  afterAll(() => service.stop());
  beforeEach(() => {
    now += 3_600_000;
    hour = { from: new Date(now).toISOString(), to: new Date(now + 3_599_000).toISOString() };
  });

  /** A record of a client, some seconds after the test's beginning. */
  const record = (clientId: string, seconds: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
    time: new Date(now + seconds * SECOND).toISOString(),
    project: 'p',
    broker: 'b',
    action: 'disconnect',
    clientId,
    outcome: 'OK',
    durationMs: 1,
    ...more,
  });
  const write = async (...records: readonly AuditRecord[]): Promise<void> => {
    await service.app.get(AuditTrail).store?.append(records, true);
  };
  const read = (
    query: Readonly<Record<string, string>> = {},
    token: string = TOKENS.admin,
    path = '/api/projects/p/audit',
  ): Promise<Answer> =>
    service.get(`${path}?${new URLSearchParams({ ...hour, ...query }).toString()}`, token);
  const idsOf = ({ body }: Answer): unknown[] => (body as Entry[]).map(({ clientId }) => clientId);

  it('says where it is kept, and since when there are records', async () => {
    await write(record('a', 0));
    const { headers } = await read();
    expect(headers.get('x-audit-source')).toMatch(
      store === 'postgres' ? /^postgres$/ : new RegExp(`^${store}; replica="[^"]+:\\d+"$`),
    );
    expect(Date.parse(headers.get('x-audit-oldest') ?? '')).toBeLessThanOrEqual(now);
    expect(headers.get('x-next-cursor')).toBeNull();
  });

  it('shows what was just done first, the same as was written', async () => {
    const headers = { 'x-request-id': `request-${store}` };
    await service.control('subscribe', { clientid: 'just now', topic: 'a/ü"\n' }, { headers });
    const { body } = await service.get('/api/projects/p/audit?limit=1', TOKENS.admin);
    expect(body).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        requestId: `request-${store}`,
        caller: 'editor',
        callerKind: 'token',
        address: '127.0.0.1',
        project: 'p',
        broker: 'b',
        action: 'subscribe',
        clientId: 'just now',
        topic: 'a/ü"\n',
        outcome: 'OK',
        durationMs: expect.any(Number),
      },
    ]);
  });

  it.each([
    [{ clientid: 'b' }, ['b']],
    [{ action: 'subscribe' }, ['c']],
    [{ caller: 'somebody' }, ['d']],
    [{ outcome: 'BROKER_TIMEOUT' }, ['e']],
    [{ requestId: 'r1' }, ['f']],
    [{ callId: 'call-1' }, ['g']],
    [{ broker: 'c' }, ['h']],
    [{ clientid: 'b', action: 'subscribe' }, []],
    [{ limit: '2' }, ['h', 'g']],
  ])('is narrowed down by %j', async (query, ids) => {
    await write(
      record('a', 0),
      record('b', 1),
      record('c', 2, { action: 'subscribe' }),
      record('d', 3, { caller: 'somebody' }),
      record('e', 4, { outcome: 'BROKER_TIMEOUT' }),
      record('f', 5, { requestId: 'r1' }),
      record('g', 6, { callId: 'call-1', index: 0 }),
      record('h', 7, { broker: 'c' }),
    );
    expect(idsOf(await read(query))).toEqual(ids);
  });

  it('is narrowed down by times, both inclusive', async () => {
    await write(record('a', 0), record('b', 1), record('c', 2), record('d', 3));
    const at = (seconds: number): string => new Date(now + seconds * SECOND).toISOString();
    expect(idsOf(await read({ from: at(1), to: at(2) }))).toEqual(['c', 'b']);
  });

  it('finds a client whose id is too long for a record', async () => {
    const [one, other] = [`${'x'.repeat(5000)}1`, `${'x'.repeat(5000)}2`];
    for (const clientid of [one, other]) await service.control('disconnect', { clientid });
    const answer = await service.get(`/api/projects/p/audit?clientid=${one}`, TOKENS.admin);
    expect(answer.body).toEqual([
      expect.objectContaining({ clientId: expect.stringMatching(/^x{400,}…#[\w-]{43}$/) }),
    ]);
  });

  it('lists announcements of commands only when they are asked for', async () => {
    await write(record('a', 0, { outcome: 'STARTED' }), record('a', 1));
    const outcomes = async (query: Record<string, string>): Promise<unknown[]> =>
      ((await read(query)).body as Entry[]).map(({ outcome }) => outcome);
    expect(await outcomes({})).toEqual(['OK']);
    expect(await outcomes({ started: 'true' })).toEqual(['OK', 'STARTED']);
    expect(await outcomes({ outcome: 'STARTED' })).toEqual(['STARTED']);
  });

  it('is read on with a cursor, under equal times and while records are written, none left out and none twice', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => `client-${index}`);
    await write(...ids.map((id) => record(id, 0)));
    const seen: unknown[] = [];
    let cursor: string | null = null;
    do {
      const page: Answer = await read({ limit: '4', ...(cursor !== null && { cursor }) });
      seen.push(...idsOf(page));
      cursor = page.headers.get('x-next-cursor');
      await write(record('new', 0), record('new', 1));
    } while (cursor !== null);
    expect(seen).toEqual(ids.reverse());
  });

  it('goes on with a cursor under the filters of the page before', async () => {
    await write(...Array.from({ length: 10 }, (_, index) => record(index % 2 === 0 ? 'even' : 'odd', index)));
    const first = await read({ clientid: 'even', limit: '3' });
    const cursor = String(first.headers.get('x-next-cursor'));
    expect(idsOf(await read({ clientid: 'even', limit: '3', cursor }))).toEqual(['even', 'even']);
  });

  it('ends a page before it gets too large to hold, with a cursor', async () => {
    const topic = '\u0001'.repeat(512);
    await write(...Array.from({ length: 500 }, (_, index) => record(`${index}`, 0, { topic })));
    const first = await read({ limit: '1000' });
    const count = idsOf(first).length;
    expect(count).toBeGreaterThan(200);
    expect(count).toBeLessThan(500);
    const cursor = String(first.headers.get('x-next-cursor'));
    expect(idsOf(await read({ limit: '1000', cursor }))[0]).toBe(String(499 - count));
  });

  it.each([
    'x',
    'bm90IG91cnM',
    Buffer.from('{"store":"elsewhere"}').toString('base64url'),
    Buffer.from('{"store":"file","offset":-1}').toString('base64url'),
  ])('refuses the cursor %s', async (cursor) => {
    const answer = await read({ cursor });
    expect(issuesOf(answer)).toEqual([{ path: 'cursor', message: 'is not a cursor of this audit trail' }]);
  });

  it('shows to each caller what they administer, in a project and in all', async () => {
    await write(
      record('p/b', 0),
      record('p/c', 1, { broker: 'c' }),
      record('p', 2, { broker: undefined }),
      record('other/b', 3, { project: 'other' }),
      record('nowhere', 4, { project: undefined, broker: undefined }),
    );
    const all = (token: string): Promise<unknown[]> => read({}, token, '/api/audit').then(idsOf);
    expect(await all(TOKENS.admin)).toEqual(['nowhere', 'other/b', 'p', 'p/c', 'p/b']);
    expect(await all(TOKENS.otherAdmin)).toEqual(['other/b']);
    expect(await all(ADMIN_OF_B)).toEqual(['p/b']);
    expect(idsOf(await read())).toEqual(['p', 'p/c', 'p/b']);
    // What names no broker may say what was done on any.
    expect(idsOf(await read({}, ADMIN_OF_B))).toEqual(['p/b']);
    expectError(await read({}, TOKENS.editor, '/api/audit'), 'NOT_ALLOWED', { required: { role: 'admin' } });
    expectError(await read({}, TOKENS.editor), 'NOT_ALLOWED', { required: { role: 'admin', project: 'p' } });
  });

  it('takes whatever a path, a header or a body can hold', async () => {
    const path = `/api/projects/${encodeURIComponent('\u0000\u202E"')}/brokers/b/client-control/disconnect`;
    expectError(await service.request('PUT', path, { token: TOKENS.editor, body: {} }), 'NOT_ALLOWED');
    await service.control('disconnect', { clientid: '\u0001\u007F\uFEFF😀' });
    const { body } = await service.get('/api/audit?limit=2', TOKENS.admin);
    expect((body as Entry[]).map(({ project, clientId }) => [project, clientId])).toEqual([
      ['p', '\u0001\u007F\uFEFF😀'],
      ['\u0000\u202E"', undefined],
    ]);
    expect(service.app.get(AuditTrail).failureCount).toBe(0);
  });
});
