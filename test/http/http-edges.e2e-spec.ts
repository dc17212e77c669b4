import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../src/errors/error-codes.js';
import { expectError, issuesOf } from '../support/expect-error.js';
import { RawHttp } from '../support/raw-http.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS } from '../support/test-service.js';

const DISCONNECT = '/api/projects/p/brokers/b/client-control/disconnect';

let broker: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  service = await TestService.start({ brokers: [{ id: 'b', url: broker.url, protocolVersion: 4 }] });
  await service.brokerState('b');
});

afterAll(async () => {
  await service.stop();
  await broker.stop();
});

describe('the order of checks', () => {
  const everythingWrong = { 'content-type': 'not a media type' };

  it.each<[string, string, string, string | null, ErrorCode]>([
    ['an unknown path before everything else', 'PUT', '/api/nothing', null, 'ROUTE_NOT_FOUND'],
    ['a wrong method before credentials', 'POST', DISCONNECT, null, 'METHOD_NOT_ALLOWED'],
    ['credentials before the grant', 'PUT', DISCONNECT, 'unknown', 'UNAUTHORIZED'],
    ['the grant before the project', 'PUT', DISCONNECT.replace('/p/', '/x/'), TOKENS.viewer, 'NOT_ALLOWED'],
    ['the grant before the ids', 'PUT', DISCONNECT.replace('/p/', '/%20/'), TOKENS.viewer, 'NOT_ALLOWED'],
    [
      'the project before the broker',
      'PUT',
      DISCONNECT.replace('/p/', '/x/'),
      TOKENS.admin,
      'PROJECT_NOT_FOUND',
    ],
    [
      'the broker before the body',
      'PUT',
      DISCONNECT.replace('/b/', '/x/'),
      TOKENS.editor,
      'BROKER_NOT_FOUND',
    ],
    ['the media type before the body', 'PUT', DISCONNECT, TOKENS.editor, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('is %s', async (_what, method, path, token, code) => {
    const body = '{"not": json';
    expectError(await service.request(method, path, { token, body, headers: everythingWrong }), code);
  });

  it('is the body before the broker', async () => {
    const before = broker.commands.length;
    expectError(await service.control('disconnect', { clientid: 7 }), 'INVALID');
    expect(broker.commands).toHaveLength(before);
  });
});

describe('405', () => {
  it.each(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'answers %s on a client-control route, and lists PUT',
    async (method) => {
      const answer = await service.request(method, DISCONNECT, { token: null });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('PUT');
      if (method !== 'HEAD') expectError(answer, 'METHOD_NOT_ALLOWED', { allowed: ['PUT'] });
    },
  );

  it.each([
    ['PUT', '/api/projects', 'GET, HEAD'],
    ['DELETE', '/api/projects/p/brokers?x=1', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['POST', '/api/docs', 'GET, HEAD'],
  ])('answers %s %s, and lists %s', async (method, path, allow) => {
    const answer = await service.request(method, path, { token: null });
    expectError(answer, 'METHOD_NOT_ALLOWED', { allowed: allow.split(', ') });
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it('answers QUERY and TRACE, which fetch cannot send', async () => {
    for (const method of ['QUERY', 'TRACE']) {
      const answer = await RawHttp.exchange(
        service.url,
        `${method} ${DISCONNECT} HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      expectError(answer, 'METHOD_NOT_ALLOWED', { allowed: ['PUT'] });
    }
  });
});

describe('404', () => {
  it.each([
    '/nothing',
    '/api',
    '/api/',
    '/api/projects/',
    '/API/projects',
    '/api//projects',
    '/projects',
    '/api/health/live',
    `${DISCONNECT}/`,
    '/api/docs/nothing.js',
    '/api/docs/%2e%2e/package.json',
    '/api/docs/..%2fpackage.json',
  ])('answers ROUTE_NOT_FOUND at %s', async (path) => {
    expectError(await service.request('GET', path, { token: null }), 'ROUTE_NOT_FOUND');
  });

  it('does not leave the folder of the Swagger UI', async () => {
    const request = 'GET /api/docs/../../../package.json HTTP/1.1\r\nHost: x\r\n\r\n';
    expectError(await RawHttp.exchange(service.url, request), 'ROUTE_NOT_FOUND');
  });
});

describe('malformed requests', () => {
  it.each(['/api/%zz', '/api/projects/%/brokers', '/api/projects/%ff/brokers'])(
    'answers INVALID to the URL %s, and logs it',
    async (path) => {
      const answer = await RawHttp.exchange(service.url, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expectError(answer, 'INVALID');
      expect(service.logLines.some((line) => line.includes(`"${path}"`))).toBe(true);
    },
  );

  it.each([
    'hello\r\n\r\n',
    '\0\x01\x02\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'FLY / HTTP/1.1\r\nHost: x\r\n\r\n',
  ])('answers INVALID to %j on the socket, and closes it', async (bytes) => {
    const http = await RawHttp.open(service.url);
    http.write(bytes);
    expectError(await http.response(), 'INVALID');
    await http.closed;
  });

  it('answers INVALID to a request that is framed in two ways', async () => {
    const head = `PUT ${DISCONNECT} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expectError(await RawHttp.exchange(service.url, head), 'INVALID');
  });

  it('answers INVALID to a request without Host', async () => {
    const answer = await RawHttp.exchange(service.url, 'GET /api/projects HTTP/1.1\r\n\r\n');
    expect(issuesOf(answer)).toEqual([{ path: '', message: 'the request has no Host header' }]);
  });

  it.each([
    ['two Host headers', 'Host: x\r\nHost: y'],
    ['the same Host twice', 'Host: x\r\nHost: x'],
    ['an empty Host', 'Host:'],
    ['a Host with a path', 'Host: x/y'],
    ['a Host with a username', 'Host: a@x'],
    ['another transfer coding', 'Host: x\r\nTransfer-Encoding: gzip, chunked'],
  ])('answers INVALID to %s', async (_what, headers) => {
    const answer = await RawHttp.exchange(service.url, `PUT ${DISCONNECT} HTTP/1.1\r\n${headers}\r\n\r\n`);
    expectError(answer, 'INVALID');
  });

  it.each(['%FF', 'a%C3', '%zz', 'x=%'])(
    'answers INVALID to the query %s, as to such a path',
    async (query) => {
      for (const path of [
        '/api/projects/p/brokers/b/client-inspect/detail',
        '/api/nothing',
        '/health/live',
      ]) {
        const answer = await RawHttp.exchange(
          service.url,
          `GET ${path}?clientid=${query} HTTP/1.1\r\nHost: x\r\n\r\n`,
        );
        expect(issuesOf(answer)[0]?.message).toContain('percent-encoded');
      }
    },
  );

  it('answers CONNECT, and closes the connection', async () => {
    const http = await RawHttp.open(service.url);
    http.write('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n');
    const answer = await http.response();
    expectError(answer, 'METHOD_NOT_ALLOWED', { allowed: [] });
    expect(answer.headers.allow).toBe('');
    await http.closed;
  });

  it('takes HTTP/1.0, which needs no Host', async () => {
    const answer = await RawHttp.exchange(service.url, 'GET /health/live HTTP/1.0\r\n\r\n');
    expect(answer.status).toBe(200);
  });

  it('ignores an expectation that it does not know', async () => {
    const request = `PUT ${DISCONNECT} HTTP/1.1\r\nHost: x\r\nExpect: magic\r\nContent-Length: 0\r\n\r\n`;
    expectError(await RawHttp.exchange(service.url, request), 'UNAUTHORIZED', { reason: 'missing' });
  });

  it.each([
    ['a broker', `/api/projects/p/brokers/${'b'.repeat(65)}`, TOKENS.editor, 'brokerId'],
    [
      'a broker of 12,000 characters',
      `/api/projects/p/brokers/${'b'.repeat(12_000)}`,
      TOKENS.editor,
      'brokerId',
    ],
    ['a project', `/api/projects/${'p'.repeat(65)}/brokers`, TOKENS.admin, 'projectId'],
    ['a project with a slash', '/api/projects/a%2Fb/brokers', TOKENS.admin, 'projectId'],
    ['a project named ..', '/api/projects/%2e%2e%2e/brokers', TOKENS.admin, 'projectId'],
    ['a broker with U+0000', '/api/projects/p/brokers/%00', TOKENS.editor, 'brokerId'],
  ])('answers INVALID to the impossible id of %s', async (_what, path, token, name) => {
    const issues = issuesOf(await service.get(path, token));
    expect(issues.map((issue) => issue.path)).toEqual([name]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('knows no project %s', async (id) => {
    const answer = await service.get(`/api/projects/${id}/brokers`, TOKENS.admin);
    expectError(answer, id === '__proto__' ? 'INVALID' : 'PROJECT_NOT_FOUND');
  });
});

describe('every answer', () => {
  it("echoes the caller's request id when it is sane", async () => {
    const headers = { 'x-request-id': 'req-42' };
    for (const path of ['/api/projects', '/api/nothing', '/health/live', '/api/docs-json', '/api/docs']) {
      const answer = await service.request('GET', path, { headers });
      expect(answer.headers.get('x-request-id')).toBe('req-42');
    }
  });

  it('has a request id of its own when the caller sent none, or a wild one', async () => {
    const wild = await service.request('GET', '/api/projects', { headers: { 'x-request-id': 'a b<' } });
    const none = await service.get('/api/projects');
    for (const answer of [wild, none]) expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has no body for HEAD, and the same status as GET', async () => {
    for (const [token, status] of [
      [TOKENS.viewer, 200],
      [null, 401],
    ] as const) {
      const answer = await service.request('HEAD', '/api/projects', { token });
      expect(answer).toMatchObject({ status, body: '' });
    }
  });
});
