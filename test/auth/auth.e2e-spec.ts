import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectError } from '../support/expect-error.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS } from '../support/test-service.js';

let broker: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  const settings = { url: broker.url, protocolVersion: 4 };
  service = await TestService.start({
    brokers: [
      { id: 'b', ...settings },
      { id: 'c', ...settings },
    ],
  });
  await Promise.all([service.brokerState('b'), service.brokerState('c')]);
});

afterAll(async () => {
  await service.stop();
  await broker.stop();
});

type Who = keyof typeof TOKENS;
const ALL = Object.keys(TOKENS) as Who[];
const CONTROL = '/api/projects/p/brokers/b/client-control';
const VIEWERS: readonly Who[] = ['admin', 'editor', 'viewer', 'editorOfB'];
const EDITORS: readonly Who[] = ['admin', 'editor', 'editorOfB'];

/** Every guarded route, a body that is good there, and who may use it. */
const ROUTES: readonly [string, string, object | undefined, readonly Who[]][] = [
  ['GET', '/api/projects', undefined, ALL.filter((who) => who !== 'expired')],
  ['GET', '/api/caller', undefined, ALL.filter((who) => who !== 'expired')],
  ['GET', '/api/projects/p/brokers', undefined, VIEWERS],
  ['GET', '/api/projects/p/brokers/b', undefined, VIEWERS],
  ['GET', '/api/projects/p/brokers/c', undefined, ['admin', 'editor', 'viewer']],
  ['GET', '/api/projects/other/brokers', undefined, ['admin', 'otherAdmin']],
  ['PUT', `${CONTROL}/disconnect`, { clientid: 'x' }, EDITORS],
  ['PUT', `${CONTROL}/subscribe`, { clientid: 'x', topic: 'a' }, EDITORS],
  ['PUT', `${CONTROL}/unsubscribe`, { clientid: 'x', topic: 'a' }, EDITORS],
  ['PUT', `${CONTROL.replace('/b/', '/c/')}/disconnect`, { clientid: 'x' }, ['admin', 'editor']],
  ['PUT', `${CONTROL}/subscribe`, { clientid: 'x', topic: '$SYS/#' }, ['admin']],
  ['PUT', `${CONTROL}/unsubscribe`, { clientid: 'x', topic: '$SYS/#' }, EDITORS],
];

describe.each(ROUTES)('%s %s %j', (method, path, body, allowed) => {
  it.each(ALL)('answers %s as the grants say', async (who) => {
    const before = broker.commands.length;
    const answer = await service.request(method, path, { token: TOKENS[who], body });
    if (allowed.includes(who)) {
      expect(answer.status).toBeLessThan(300);
      return;
    }
    if (who === 'expired') expectError(answer, 'UNAUTHORIZED', { reason: 'expired' });
    else expectError(answer, 'NOT_ALLOWED');
    expect(broker.commands).toHaveLength(before);
  });

  it('answers 401 without credentials and with wrong ones', async () => {
    expectError(await service.request(method, path, { token: null, body }), 'UNAUTHORIZED', {
      reason: 'missing',
    });
    expectError(await service.request(method, path, { token: 'wrong', body }), 'UNAUTHORIZED', {
      reason: 'unknown',
    });
  });
});

describe('open routes', () => {
  it.each(['/health/live', '/health/ready', '/api/docs', '/api/docs-json', '/api/docs-yaml'])(
    '%s needs no credentials, and does not mind wrong ones',
    async (path) => {
      expect((await service.get(path, null)).status).toBe(200);
      expect((await service.get(path, 'wrong')).status).toBe(200);
    },
  );
});

describe('a project that the caller has no grant on', () => {
  it.each(['/brokers', '/brokers/b', '/brokers/nope'])(
    'is answered the same whether it exists or not, at %s',
    async (rest) => {
      const [real, unreal] = await Promise.all(
        ['p', 'q'].map(async (id) => {
          const { status, headers, body } = await service.get(
            `/api/projects/${id}${rest}`,
            TOKENS.otherAdmin,
          );
          return {
            status,
            body: JSON.stringify(body).replaceAll(`"${id}"`, '"?"'),
            type: headers.get('content-type'),
          };
        }),
      );
      expect(real).toMatchObject({ status: 403 });
      expect(real).toEqual(unreal);
    },
  );

  it('hides its brokers too: a grant on one broker tells nothing of the others', async () => {
    for (const id of ['c', 'nope']) {
      const answer = await service.get(`/api/projects/p/brokers/${id}`, TOKENS.editorOfB);
      expectError(answer, 'NOT_ALLOWED', { required: { role: 'viewer', project: 'p', broker: id } });
    }
  });
});

describe('$-topics', () => {
  const subscribe = (topic: string, token: string) =>
    service.control('subscribe', { clientid: 'x', topic }, { token });

  it.each([
    '$SYS/#',
    '$CONTROL/#',
    '$SYS/broker/load',
    '$share/g/$SYS/#',
    '$share/g/$CONTROL/x',
    '$anything',
  ])('only an admin may subscribe a client to %s', async (topic) => {
    expectError(await subscribe(topic, TOKENS.editor), 'NOT_ALLOWED', {
      required: { role: 'admin', project: 'p', broker: 'b' },
    });
    expect((await subscribe(topic, TOKENS.admin)).status).toBe(204);
  });

  it.each(['#', '+/x', 'a/$SYS/#', '$share/$g/a'])(
    'an editor may subscribe a client to %s',
    async (topic) => {
      expect((await subscribe(topic, TOKENS.editor)).status).toBe(204);
    },
  );
});

it('tells a caller who it is, with its grants and nothing else', async () => {
  expect((await service.get('/api/caller', TOKENS.editorOfB)).body).toEqual({
    name: 'editorOfB',
    kind: 'token',
    grants: [{ project: 'p', role: 'editor', brokers: ['b'] }],
  });
});

describe('the Authorization header', () => {
  const get = (authorization: string) =>
    service.request('GET', '/api/projects', { token: null, headers: { authorization } });

  it('takes the scheme in any case', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect((await get(`${scheme} ${TOKENS.viewer}`)).status).toBe(200);
    }
  });

  it("does not take a token's SHA-256 for the token, nor its name", async () => {
    const { sha256 = '', name = '' } = service.config.current.auth.tokens[0] ?? {};
    for (const guess of [sha256, name]) expectError(await get(`Bearer ${guess}`), 'UNAUTHORIZED');
  });

  it('is the only place for a token: the query and cookies are not', async () => {
    const path = `/api/projects?access_token=${TOKENS.admin}&token=${TOKENS.admin}`;
    const headers = { cookie: `token=${TOKENS.admin}` };
    expectError(await service.request('GET', path, { token: null, headers }), 'UNAUTHORIZED');
    expect(service.logLines.join('')).not.toContain(TOKENS.admin);
  });
});

it('a token that is taken out of the configuration is worth nothing from then on', async () => {
  const before = service.config.current;
  service.config.replace({ ...before, auth: { tokens: [], jwt: [] } });
  expectError(await service.get('/api/projects', TOKENS.admin), 'UNAUTHORIZED');
  service.config.replace(before);
  expect((await service.get('/api/projects', TOKENS.admin)).status).toBe(200);
});
