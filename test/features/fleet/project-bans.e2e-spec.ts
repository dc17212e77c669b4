import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../../src/auth/token-table.js';
import { CONTROL_BROKERS, type ControlBroker } from '../../support/control-brokers.js';
import { expectError } from '../../support/expect-error.js';
import { freePort } from '../../support/free-port.js';
import { ScriptedBroker } from '../../support/scripted-broker.js';
import { TestService, TOKENS, type Answer } from '../../support/test-service.js';
import { until } from '../../support/until.js';
import { Listener } from '../events/support/listener.js';

type Fields = Readonly<Record<string, unknown>>;

const BANS = '/api/projects/p/bans';
const ADMIN_OF_B = 'admin-of-b-token-of-the-tests';
const BAN = { as: 'clientid', who: 'intruder-*', until: null, reason: 'stolen' };
const KEY = '?as=clientid&who=intruder-*';

describe('a ban on all brokers of a project, of which one keeps clients out, one is down and one cannot', () => {
  let able: ControlBroker;
  let unable: ScriptedBroker;
  let brokers: object[];
  let service: TestService;
  let asked = 0;
  let requestId = '';

  const start = (audit: object): Promise<TestService> =>
    TestService.start({
      brokers,
      config: { audit },
      auth: {
        tokens: [
          { name: 'admin', sha256: sha256Hex(TOKENS.admin), grants: [{ project: 'p', role: 'admin' }] },
          {
            name: 'admin-of-b',
            sha256: sha256Hex(ADMIN_OF_B),
            grants: [{ project: 'p', role: 'admin', brokers: ['b'] }],
          },
        ],
      },
    });
  const connected = async (): Promise<void> => {
    await Promise.all([service.brokerAnswers('b'), service.brokerAnswers('pro')]);
  };

  beforeAll(async () => {
    const startBroker = CONTROL_BROKERS[0]?.[1];
    if (startBroker === undefined) throw new Error('there is no broker');
    able = await startBroker();
    unable = await ScriptedBroker.start();
    brokers = [
      { id: 'b', ...able.settings },
      { id: 'down', url: `mqtt://127.0.0.1:${await freePort()}` },
      { id: 'pro', url: unable.url, protocolVersion: 4 },
    ];
    service = await start({ store: 'memory' });
    await connected();
  });
  afterAll(async () => {
    await service.stop();
    await able.stop();
    await unable.stop();
  });
  beforeEach(() => {
    requestId = `request-${(asked += 1)}`;
  });

  const ask = (method: string, path: string, body?: object): Promise<Answer> =>
    service.request(method, path, { token: TOKENS.admin, body, headers: { 'x-request-id': requestId } });
  const records = async (query: string, token: string = TOKENS.admin): Promise<Fields[]> =>
    (await service.get(`/api/projects/p/audit?requestId=${requestId}&${query}`, token)).body as Fields[];
  const partsOf = (all: readonly Fields[]): unknown[] =>
    all
      .filter(({ index }) => index !== undefined)
      .map(({ broker, outcome, outcomeDetail }) => [broker, outcome, outcomeDetail])
      .sort();

  it('has a record for each broker, which says what became of it there, and one for the whole', async () => {
    expect((await ask('POST', BANS, BAN)).status).toBe(200);
    const all = await records('');
    expect(partsOf(all)).toEqual([
      ['b', 'OK', undefined],
      ['down', 'BROKER_UNAVAILABLE', 'not-sent'],
      ['pro', 'NOT_SUPPORTED_BY_BROKER', undefined],
    ]);
    expect(new Set(all.map(({ callId }) => callId)).size).toBe(1);
    const whole = all.filter(({ index }) => index === undefined);
    expect(whole).toEqual([
      expect.objectContaining({
        action: 'ban',
        reason: 'stolen',
        outcome: 'OK',
        details: {
          as: 'clientid',
          who: 'intruder-*',
          summary: { total: 3, done: 1, failed: 1, notSent: 1, unknown: 0 },
        },
      }),
    ]);
    expect(whole[0]).not.toHaveProperty('broker');
    const ofB = [
      expect.objectContaining({
        broker: 'b',
        action: 'ban',
        caller: 'admin',
        reason: 'stolen',
        outcome: 'OK',
        details: { as: 'clientid', who: 'intruder-*', disconnected: 0 },
      }),
    ];
    expect(await records('broker=b')).toEqual(ofB);
    // An admin of one broker sees what was done there, and nothing of the others.
    expect(await records('', ADMIN_OF_B)).toEqual(ofB);
  });

  it('is an event of each broker, for those who may see it', async () => {
    const listen = (token: string): Promise<Listener> =>
      Listener.open(`${service.url}/api/projects/p/events?type=ban,broker`, token);
    const [ofAll, ofOne] = await Promise.all([listen(TOKENS.admin), listen(ADMIN_OF_B)]);
    await until(() => [ofAll, ofOne].every(({ messages }) => messages.length > 0), 'both listen');
    await ask('POST', BANS, BAN);
    await until(() => ofAll.of('ban').length === 3, 'an event of each broker');
    await ask('DELETE', `/api/projects/p/brokers/b/bans${KEY}`);
    const lifted = { broker: 'b', action: 'unban', outcome: 'OK' };
    for (const listener of [ofAll, ofOne]) await listener.next('ban', ({ action }) => action === 'unban');
    const toldOf = (listener: Listener): unknown[] =>
      listener.of('ban').map(({ data: { broker, action, outcome } }) => ({ broker, action, outcome }));
    const banned = { broker: 'b', action: 'ban', outcome: 'OK' };
    expect(toldOf(ofOne)).toEqual([banned, lifted]);
    expect(toldOf(ofAll)).toEqual([
      banned,
      { broker: 'down', action: 'ban', outcome: 'BROKER_UNAVAILABLE' },
      { broker: 'pro', action: 'ban', outcome: 'NOT_SUPPORTED_BY_BROKER' },
      lifted,
    ]);
    expect(ofOne.of('ban')[0]?.data).toMatchObject({
      caller: 'admin',
      reason: 'stolen',
      details: { as: 'clientid', who: 'intruder-*', disconnected: 0 },
    });
    for (const listener of [ofAll, ofOne]) listener.close();
  });

  it('is not lifted, and nowhere says so, where no broker has it', async () => {
    await ask('DELETE', `${BANS}${KEY}`);
    requestId += '-again';
    const { status, body } = await ask('DELETE', `${BANS}${KEY}`);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { brokers: [{ broker: 'b', status: 404 }, { broker: 'down' }, { broker: 'pro' }] },
    });
    const all = await records('');
    expect(partsOf(all)).toEqual([
      ['b', 'BAN_NOT_FOUND', undefined],
      ['down', 'BROKER_UNAVAILABLE', 'not-sent'],
      ['pro', 'NOT_SUPPORTED_BY_BROKER', undefined],
    ]);
    expect(all.find(({ index }) => index === undefined)).toMatchObject({
      action: 'unban',
      // Of what failed, what may still be there counts most.
      outcome: 'BROKER_UNAVAILABLE',
      outcomeDetail: 'not-sent',
      details: { summary: { total: 3, done: 0, failed: 2, notSent: 1, unknown: 0 } },
    });
  });

  it('is listed with all others, page by page, whoever does not answer', async () => {
    const names = Array.from({ length: 25 }, (_, at) => `one-of-many-${at}`);
    for (const who of names) await ask('POST', BANS, { as: 'clientid', who });
    const listed: Fields[] = [];
    const notAnswered: Fields[][] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body, headers } = await service.get(`${BANS}?limit=10${query}`, TOKENS.admin);
      const page = body as { readonly bans: Fields[]; readonly notAnswered: Fields[] };
      const times = page.bans.map(({ since }) => String(since));
      expect(times).toEqual(times.toSorted().reverse());
      listed.push(...page.bans);
      notAnswered.push(page.notAnswered);
      cursor = headers.get('x-next-cursor');
    }
    const many = listed.filter(({ who }) => String(who).startsWith('one-of-many'));
    expect(many.map(({ who }) => who)).toEqual(names.toReversed());
    // They are named once, and not asked again for what comes after.
    expect(notAnswered[0]).toMatchObject([{ broker: 'down' }, { broker: 'pro' }]);
    expect(notAnswered.slice(1).flat()).toEqual([]);
    for (const bad of ['x', 'e30', Buffer.from('{"b":1}').toString('base64url')])
      expectError(await service.get(`${BANS}?cursor=${bad}`, TOKENS.admin), 'INVALID');
  });

  describe('in another trail', () => {
    const dir = mkdtempSync(join(tmpdir(), 'project-bans-'));
    const file = join(dir, 'audit.log');
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    it('that is required, is announced for each broker before anything is sent', async () => {
      await service.stop();
      service = await start({ file, required: true });
      await connected();
      await ask('POST', BANS, BAN);
      const lines = readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Fields);
      const started = lines.slice(0, 4);
      expect(started.map(({ outcome }) => outcome)).toEqual(Array(4).fill('STARTED'));
      expect(started.map(({ broker }) => broker).sort()).toEqual(['b', 'down', 'pro', undefined]);
      expect(partsOf(lines.slice(4))).toEqual([
        ['b', 'OK', undefined],
        ['down', 'BROKER_UNAVAILABLE', 'not-sent'],
        ['pro', 'NOT_SUPPORTED_BY_BROKER', undefined],
      ]);
      expect(lines.slice(4)).toHaveLength(4);
    });

    it('that is required and cannot be written, is sent to no broker, and is not called done on any', async () => {
      renameSync(file, `${file}.1`);
      mkdirSync(file);
      const answer = await ask('POST', BANS, { ...BAN, who: 'not-sent' });
      expectError(answer, 'INTERNAL_ERROR', { requestId, outcome: 'not-sent' });
      const lost = service.logLines.filter((line) => line.includes('the audit trail cannot be written'));
      const outcomes = lost
        .filter((line) => line.includes(requestId))
        .map((line) => /\\"outcome\\":\\"(\w+)/.exec(line)?.[1]);
      expect(outcomes).toEqual([
        ...Array<string>(4).fill('STARTED'),
        ...Array<string>(4).fill('INTERNAL_ERROR'),
      ]);
      const { body } = await service.get('/api/projects/p/brokers/b/bans', TOKENS.admin);
      expect(JSON.stringify(body)).not.toContain('not-sent');
    });

    it('that is the log, is a line for each broker beside that of the request', async () => {
      await service.stop();
      service = await start({ store: 'log' });
      await connected();
      await ask('POST', BANS, BAN);
      const lines = (): Fields[] =>
        service.logLines
          .map((line) => JSON.parse(line) as Fields)
          .filter((line) => line.requestId === requestId && (line.msg === 'audit' || line.msg === 'request'));
      await until(() => lines().length === 4, 'four lines');
      expect(lines().map(({ msg, broker, outcome }) => [msg, broker, outcome])).toEqual([
        ['audit', 'b', 'OK'],
        ['audit', 'down', 'BROKER_UNAVAILABLE'],
        ['audit', 'pro', 'NOT_SUPPORTED_BY_BROKER'],
        ['request', undefined, 'OK'],
      ]);
    });
  });
});
