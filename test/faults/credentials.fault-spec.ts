import { readFileSync } from 'node:fs';
import { METHODS } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { sized } from '../support/test-form.js';
import { TestService, TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';
import { HttpLane, type LaneAnswer, type LaneRequest } from './support/http-lane.js';
import { routesOf, type ApiDocument } from './support/request-arbitrary.js';
import { BROKER_PASSWORD, holdsSecret, logLinesWithSecrets, noteLogs, PRESENTED } from './support/secrets.js';

const routes = routesOf(JSON.parse(readFileSync('openapi.json', 'utf8')) as ApiDocument);
const scoped = routes.filter(({ path }) => path.includes('{projectId}'));
const BODY = { clientid: 'c', topic: 'a/b' };

let broker: ScriptedBroker;
let foreign: ScriptedBroker;
let service: TestService;
let lane: HttpLane;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  foreign = await ScriptedBroker.start();
  const settings = { protocolVersion: 4, username: 'gateway', password: BROKER_PASSWORD };
  const brokers = [{ id: 'b', url: broker.url, ...settings }];
  service = await TestService.start({
    brokers,
    config: {
      rateLimit: { requestsPerMinute: 0, unauthenticatedPerMinute: 0 },
      projects: [
        { id: 'p', brokers },
        { id: 'other', brokers: [{ id: 'b', url: foreign.url, ...settings }] },
      ],
    },
  });
  noteLogs(service.logLines);
  await service.brokerState('b');
  const { gateway } = service;
  const foreignState = (): string => gateway.status({ projectId: 'other', brokerId: 'b' }).state;
  await until(() => foreignState() === 'connected', 'the other broker connected');
  lane = new HttpLane(service.url);
});
afterAll(async () => {
  lane.close();
  await service.stop();
  await broker.stop();
  await foreign.stop();
  const { searched, found } = logLinesWithSecrets();
  expect(searched).toBeGreaterThan(1000);
  expect(found).toEqual([]);
});

const pathOf = (path: string, project: string, brokerId: string): string =>
  path.replace('{projectId}', project).replace('{brokerId}', brokerId);

/** What a caller can see of an answer, but for what differs between any two. */
function visible({ status, headers, text }: LaneAnswer, project: string, brokerId: string): unknown {
  const { 'x-request-id': id, ...rest }: Record<string, string | undefined> = { ...headers, date: '' };
  expect(id).toBeDefined();
  const named = text.replaceAll(`"${project}"`, '"<project>"').replaceAll(`"${brokerId}"`, '"<broker>"');
  return { status, headers: rest, text: named };
}

describe('a caller without a grant', () => {
  // The same length, so that even Content-Length must be the same.
  const PAIRS = [
    ['other', 'bbbbb', 'nowhe', 'bbbbb'],
    ['other', 'b', 'nowhe', 'b'],
    ['other', 'b', 'other', 'z'],
  ] as const;

  it.each(scoped)('cannot tell from $method $path what exists', async ({ method, path }) => {
    for (const token of [TOKENS.nobody, TOKENS.viewer, null, TOKENS.expired, `${PRESENTED}-unknown`]) {
      for (const [project, brokerId, missing, missingBroker] of PAIRS) {
        const ask = (target: string): Promise<LaneAnswer> => lane.send({ method, target, token, body: BODY });
        const existing = await ask(pathOf(path, project, brokerId));
        const absent = await ask(pathOf(path, missing, missingBroker));
        expect([401, 403]).toContain(existing.status);
        expect(visible(absent, missing, missingBroker)).toEqual(visible(existing, project, brokerId));
      }
    }
  });

  it('cannot tell it from the time an answer takes', async () => {
    // What tells it tells it every time; what a busy machine does is another thing every time.
    let ratios: readonly number[] = [];
    for (let tries = 0; tries < 5; tries += 1) {
      ratios = await ratiosOfTimes(sized(700, 10_000));
      if (ratios.every(isLikeOne)) return;
    }
    expect(ratios.filter((ratio) => !isLikeOne(ratio))).toEqual([]);
  });

  const isLikeOne = (ratio: number): boolean => ratio > 0.6 && ratio < 1.67;

  /** How much longer than about a project that is not there a refusal about one that is there takes: at three quantiles. */
  async function ratiosOfTimes(rounds: number): Promise<readonly number[]> {
    const times = new Map<string, number[]>([
      ['other', []],
      ['nowhe', []],
    ]);
    for (let round = -200; round < rounds; round += 1) {
      // Taking turns in going first: whatever slows the machine slows both.
      for (const project of round % 2 === 0 ? ['other', 'nowhe'] : ['nowhe', 'other']) {
        const startedAt = performance.now();
        await lane.send({
          method: 'PUT',
          target: `/api/projects/${project}/brokers/b/client-control/disconnect`,
          token: TOKENS.editor,
          body: BODY,
        });
        if (round >= 0) times.get(project)?.push(performance.now() - startedAt);
      }
    }
    const quantile = (project: string, at: number): number =>
      (times.get(project) ?? []).sort((a, b) => a - b)[Math.floor(rounds * at)] ?? 0;
    return [0.25, 0.5, 0.75].map((at) => quantile('other', at) / quantile('nowhe', at));
  }
});

describe('a token of one project', () => {
  it('never acts on another, whatever the route and the method', async () => {
    const methods = METHODS.filter((method) => method !== 'CONNECT');
    for (const { path } of scoped) {
      for (const method of methods) {
        const target = pathOf(path, 'other', 'b');
        const { status } = await lane.send({ method, target, token: TOKENS.editor, body: BODY });
        expect([method, target, [400, 403, 404, 405].includes(status)]).toEqual([method, target, true]);
      }
    }
    expect(foreign.commands).toEqual([]);
  });

  const tricks: readonly Partial<LaneRequest>[] = [
    ...[
      '/api/projects/p/../other/brokers/b/client-control/disconnect',
      '/api/projects/p/%2e%2e/other/brokers/b/client-control/disconnect',
      '/api/projects/p%2f..%2fother/brokers/b/client-control/disconnect',
      '/api/projects/%6fther/brokers/b/client-control/disconnect',
      '/api/projects/%256fther/brokers/b/client-control/disconnect',
      '/api/projects/p;other/brokers/b/client-control/disconnect',
      '/api/projects/OTHER/brokers/b/client-control/disconnect',
      '/api//projects/other/brokers/b/client-control/disconnect',
      '//api/projects/other/brokers/b/client-control/disconnect',
      '/api/projects/other/brokers/b/client-control/disconnect/',
      '/api/projects/other/brokers/b/client-control/disconnect?projectId=p',
      '/api/projects/other%00/brokers/b/client-control/disconnect',
      'http://service.test/api/projects/other/brokers/b/client-control/disconnect',
      'http://p@service.test/api/projects/other/brokers/b/client-control/disconnect',
    ].map((target) => ({ target })),
    { headers: { 'X-Original-URL': '/api/projects/p/brokers/b/client-control/disconnect' } },
    { headers: { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-User': 'admin' } },
    { method: 'POST', headers: { 'X-HTTP-Method-Override': 'PUT' } },
    { body: { ...BODY, projectId: 'p', brokerId: 'b' } },
  ];

  it.each(tricks)('nor with a trick: %j', async (trick) => {
    const target = '/api/projects/other/brokers/b/client-control/disconnect';
    const { status } = await lane.send({
      method: 'PUT',
      target,
      token: TOKENS.editor,
      body: { clientid: 'c' },
      ...trick,
    });
    expect([400, 403, 404, 405]).toContain(status);
    expect([foreign.commands, broker.commands]).toEqual([[], []]);
  });

  it('nor by sending two credentials', async () => {
    const body = '{"clientid":"c"}';
    for (const tokens of [
      [TOKENS.editor, TOKENS.otherAdmin],
      [TOKENS.nobody, TOKENS.admin],
    ]) {
      await lane.write(
        `PUT /api/projects/other/brokers/b/client-control/disconnect HTTP/1.1\r\nHost: service.test\r\n${tokens
          .map((token) => `Authorization: Bearer ${token}\r\n`)
          .join('')}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const answer = await lane.answer('PUT');
      expect([400, 401, 403]).toContain(answer.status);
      expect(holdsSecret(answer.text)).toBe(false);
    }
    expect(foreign.commands).toEqual([]);
  });

  it('and one of both acts where it should', async () => {
    const target = '/api/projects/other/brokers/b/client-control/disconnect';
    const { status } = await lane.send({
      method: 'PUT',
      target,
      token: TOKENS.otherAdmin,
      body: { clientid: 'c' },
    });
    expect([status, foreign.commands.length]).toEqual([200, 1]);
  });
});
