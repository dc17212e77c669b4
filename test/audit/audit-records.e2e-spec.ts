import { AUDITED_ACTIONS } from '../../src/access/actions.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectError, issuesOf } from '../support/expect-error.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';
import { sha256Hex } from '../../src/auth/token-table.js';

type Entry = Readonly<Record<string, unknown>>;

const ADMIN_OF_B = 'admin-of-b-token-of-the-tests';

const dir = mkdtempSync(join(tmpdir(), 'audit-test-'));
const file = join(dir, 'audit.log');
let broker: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  const settings = { url: broker.url, protocolVersion: 4 };
  const grant = { project: 'p', role: 'admin', brokers: ['b'] };
  service = await TestService.start({
    brokers: [
      { id: 'b', ...settings },
      { id: 'c', ...settings },
    ],
    config: { audit: { file } },
    auth: {
      tokens: [
        { name: 'admin', sha256: sha256Hex(TOKENS.admin), grants: [{ project: '*', role: 'admin' }] },
        { name: 'editor', sha256: sha256Hex(TOKENS.editor), grants: [{ project: 'p', role: 'editor' }] },
        {
          name: 'other',
          sha256: sha256Hex(TOKENS.otherAdmin),
          grants: [{ project: 'other', role: 'admin' }],
        },
        { name: 'adminOfB', sha256: sha256Hex(ADMIN_OF_B), grants: [grant] },
      ],
    },
  });
  await service.brokerState('b');
});
afterAll(async () => {
  await service.stop();
  await broker.stop();
  rmSync(dir, { recursive: true, force: true });
});

const read = (query = '', token: string | null = TOKENS.admin, project = 'p'): Promise<Answer> =>
  service.get(`/api/projects/${project}/audit${query}`, token);
const idsOf = ({ body }: Answer): unknown[] => (body as Entry[]).map(({ clientId }) => clientId);
const malformed = ({ headers }: Answer): string | null => headers.get('x-malformed-lines');

/** A line of the file, an hour after the one before. */
const entry = (hour: number, more: object = {}): string =>
  JSON.stringify({
    time: new Date(Date.UTC(2026, 0, 1, hour)).toISOString(),
    project: 'p',
    broker: 'b',
    action: 'disconnect',
    clientId: `client-${hour}`,
    outcome: 'OK',
    ...more,
  });
const hour = (count: number): string => new Date(Date.UTC(2026, 0, 1, count)).toISOString();
const writeLines = (...lines: readonly string[]): void =>
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));

describe('reading the audit trail', () => {
  it('shows the action that was just answered first', async () => {
    writeLines(entry(0));
    await service.control('disconnect', { clientid: 'just now' }, { token: TOKENS.editor });
    const answer = await read();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(idsOf(answer)).toEqual(['just now', 'client-0']);
    expect((answer.body as Entry[])[0]).toMatchObject({ caller: 'editor', outcome: 'OK' });
  });

  it('shows only lines of the project', async () => {
    writeLines(entry(0), entry(1, { project: 'other' }), entry(2, { project: undefined }), entry(3));
    expect(idsOf(await read())).toEqual(['client-3', 'client-0']);
    expect(idsOf(await read('', TOKENS.otherAdmin, 'other'))).toEqual(['client-1']);
  });

  it('shows only lines of the brokers that the caller administers', async () => {
    writeLines(entry(0), entry(1, { broker: 'c' }), entry(2));
    expect(idsOf(await read('', ADMIN_OF_B))).toEqual(['client-2', 'client-0']);
  });

  it.each([
    [`?from=${hour(2)}`, ['client-4', 'client-3', 'client-2']],
    [`?to=${hour(1)}`, ['client-1', 'client-0']],
    [`?from=${hour(1)}&to=${hour(2)}`, ['client-2', 'client-1']],
    [`?from=2026-01-01T05:00:00%2B02:00`, ['client-4', 'client-3']],
    ['?clientid=client-3', ['client-3']],
    ['?action=subscribe', ['client-2']],
    ['?action=subscribe&clientid=client-3', []],
    ['?limit=2', ['client-4', 'client-3']],
    ['?limit=1&action=subscribe', ['client-2']],
  ])('is narrowed down by %s', async (query, ids) => {
    writeLines(entry(0), entry(1), entry(2, { action: 'subscribe' }), entry(3), entry(4));
    expect(idsOf(await read(query))).toEqual(ids);
  });

  it('lists 100 records by default, 1,000 at most', async () => {
    writeLines(...Array.from({ length: 1200 }, (_, index) => entry(index)));
    expect(idsOf(await read())).toHaveLength(100);
    const ids = idsOf(await read('?limit=1000'));
    expect(ids).toHaveLength(1000);
    expect([ids[0], ids.at(-1)]).toEqual(['client-1199', 'client-200']);
  });

  it('finds lines wherever the pieces begin and end in which the file is read', async () => {
    const lines = Array.from({ length: 400 }, (_, index) => entry(index, { topic: 'ä€😀'.repeat(index) }));
    writeLines(...lines, entry(400, { topic: 'x'.repeat(200_000) }));
    const answer = await read('?limit=1000');
    expect(idsOf(answer)).toEqual(Array.from({ length: 401 }, (_, index) => `client-${400 - index}`));
    expect((answer.body as Entry[])[1]?.topic).toBe('ä€😀'.repeat(399));
    expect(malformed(answer)).toBe('0');
  });

  it('skips and counts lines that are no records', async () => {
    const tooLong = entry(1, { topic: 'x'.repeat(1_100_000) });
    writeLines(
      entry(0),
      '{"time":"2026',
      '',
      '[]',
      'null',
      '{"project":"p"}',
      '{"time":"x"}',
      tooLong,
      entry(2),
    );
    const answer = await read();
    expect([idsOf(answer), malformed(answer)]).toEqual([['client-2', 'client-0'], '6']);
  });

  it('waits for no line that is still being written', async () => {
    writeFileSync(file, `${entry(0)}\n${entry(1)}\n{"time":`);
    const answer = await read();
    expect([idsOf(answer), malformed(answer)]).toEqual([['client-1', 'client-0'], '0']);
  });

  it('is hidden by no record of a clock that was wrong', async () => {
    const wrong = entry(0, { time: '1970-01-01T00:00:07.000Z', clientId: 'wrong clock' });
    writeLines(entry(0), entry(1), wrong, entry(2), wrong, wrong, entry(3));
    expect(idsOf(await read('?from=2026-01-01T00:00:00Z'))).toEqual([
      'client-3',
      'client-2',
      'client-1',
      'client-0',
    ]);
    expect(idsOf(await read('?to=2000-01-01T00:00:00Z'))).toEqual(Array<string>(3).fill('wrong clock'));
  });

  it('finds nothing in an empty file, or when none was begun since the last was moved away', async () => {
    writeLines();
    expect((await read()).body).toEqual([]);
    rmSync(file);
    expect((await read()).body).toEqual([]);
  });

  it('needs the role admin on the project', async () => {
    expectError(await read('', TOKENS.editor), 'NOT_ALLOWED', { required: { role: 'admin', project: 'p' } });
    expectError(await read('', TOKENS.otherAdmin), 'NOT_ALLOWED');
    expectError(await read('', null), 'UNAUTHORIZED');
    expectError(await read('?limit=x', TOKENS.admin, 'nothing'), 'PROJECT_NOT_FOUND');
  });

  it.each([
    ['?limit=0', 'limit', 'must be an integer from 1 to 1000'],
    ['?limit=1001', 'limit', 'must be an integer from 1 to 1000'],
    ['?limit=1&limit=2', 'limit', 'must be given only once'],
    ['?from=yesterday', 'from', 'must be a date and time with a zone, such as 2026-11-23T12:00:00Z'],
    ['?to=2026-02-30T00:00:00Z', 'to', 'must be a date and time with a zone, such as 2026-11-23T12:00:00Z'],
    ['?action=kick', 'action', `must be one of ${AUDITED_ACTIONS.join(', ')}`],
    ['?clientid=', 'clientid', 'must not be empty'],
    ['?offset=1', 'offset', 'is not a known field'],
  ])('refuses the query %s', async (query, path, message) => {
    expect(issuesOf(await read(query))).toEqual([{ path, message }]);
  });
});

describe('a trail that cannot be read back', () => {
  it.each([
    ['goes to the log', {}],
    ['goes to something that is not a file', { file: '/dev/null' }],
  ])('because it %s is AUDIT_NOT_AVAILABLE', async (_why, audit) => {
    const other = await TestService.start({ config: { audit } });
    try {
      expectError(await other.get('/api/projects/p/audit', TOKENS.admin), 'AUDIT_NOT_AVAILABLE');
    } finally {
      await other.stop();
    }
  });
});
