import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from '../../src/http/drain.js';
import { expectError, issuesOf } from '../support/expect-error.js';
import { RawHttp } from '../support/raw-http.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';

const DISCONNECT = '/api/projects/p/brokers/b/client-control/disconnect';
const LIMIT = 1000;

let broker: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  service = await TestService.start({
    brokers: [
      { id: 'b', url: broker.url, protocolVersion: 4, requestTimeoutMs: 20_000 },
      // For the test in which it says nothing.
      { id: 'hasty', url: broker.url, protocolVersion: 4, requestTimeoutMs: 1000 },
    ],
    config: { http: { port: 0, bodyLimitBytes: LIMIT } },
  });
  await service.brokerState('b');
});

afterAll(async () => {
  await service.stop();
  await broker.stop();
});

beforeEach(() => {
  broker.script = (message) => message.succeed();
});

/** The head of a request by the editor; `body` and further headers as they are. */
const request = (headers: readonly string[], body = '', path = DISCONNECT): string =>
  [`PUT ${path} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${TOKENS.editor}`, ...headers, '', body].join(
    '\r\n',
  );
const JSON_TYPE = 'Content-Type: application/json';

function sendChunked(body: string): Promise<Response> {
  return fetch(`${service.url}${DISCONNECT}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKENS.editor}`, 'content-type': 'application/json' },
    body: new Blob([body]).stream(),
    duplex: 'half',
  });
}

/** A body of exactly so many bytes. */
const bodyOf = (bytes: number): string => `{"clientid":"${'x'.repeat(bytes - '{"clientid":""}'.length)}"}`;

describe('media types', () => {
  const send = (type: string): Promise<Answer> =>
    service.control('disconnect', { clientid: 'x' }, { headers: { 'content-type': type } });

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json; charset=utf8; a=b',
    'application/json ; a=b',
  ])('takes %s', async (type) => {
    expect((await send(type)).status).toBe(200);
  });

  it.each([
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
    'application/json-patch+json',
    'application/json, text/plain',
    'not a media type',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset=""',
  ])('refuses %s', async (type) => {
    expectError(await send(type), 'UNSUPPORTED_MEDIA_TYPE');
  });

  it.each(['gzip', 'GZIP', 'deflate, gzip', 'br'])(
    'refuses the content coding %s, and says what it takes',
    async (coding) => {
      const headers = { 'content-encoding': coding };
      const answer = await service.control('disconnect', gzipSync('{"clientid":"x"}'), { headers });
      expectError(answer, 'UNSUPPORTED_MEDIA_TYPE');
      expect(answer.headers.get('accept-encoding')).toBe('identity');
    },
  );

  it('takes the content coding identity', async () => {
    const headers = { 'content-encoding': 'identity' };
    expect((await service.control('disconnect', { clientid: 'x' }, { headers })).status).toBe(200);
  });

  it('refuses a body of no type', async () => {
    const answer = await RawHttp.exchange(service.url, request(['Content-Length: 16'], '{"clientid":"x"}'));
    expectError(answer, 'UNSUPPORTED_MEDIA_TYPE');
  });
});

describe('bodies', () => {
  const whole = (message: string): object[] => [{ path: '', message }];

  it.each([[[]], [['Content-Length: 0']], [[JSON_TYPE]], [[JSON_TYPE, 'Content-Length: 0']]])(
    'are required, with the headers %j',
    async (headers) => {
      expect(issuesOf(await RawHttp.exchange(service.url, request(headers)))).toEqual(
        whole('a body is required'),
      );
    },
  );

  it.each([
    '{',
    '{"clientid":"x"',
    "{'clientid':'x'}",
    '{"clientid":"x",}',
    'NaN',
    ' ',
    '{} {}',
    'undefined',
  ])('must be JSON, which %j is not', async (body) => {
    expect(issuesOf(await service.control('disconnect', body))).toEqual(whole('the body is not valid JSON'));
  });

  it.each(['null', '[]', '"text"', '1', 'true', '[{"clientid":"x"}]'])(
    'must be objects, not %s',
    async (body) => {
      const answer = await service.control('disconnect', body);
      expect(issuesOf(answer)).toEqual(whole('the body must be a JSON object'));
    },
  );

  it.each([Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from('{"clientid":"ä"}', 'latin1')])(
    'must be UTF-8',
    async (body) => {
      const answer = await service.control('disconnect', body);
      expect(issuesOf(answer)).toEqual(whole('the body is not valid UTF-8'));
    },
  );

  it('may begin with a byte order mark', async () => {
    expect((await service.control('disconnect', '\ufeff{"clientid":"x"}')).status).toBe(200);
  });

  it.each([
    '{"__proto__":{"clientid":"x"}}',
    '{"clientid":"x","__proto__":1}',
    '{"clientid":"x","\\u005f_proto__":{}}',
    '{"clientid":"x","constructor":{"prototype":{"a":1}}}',
    '{"clientid":"x","constructor":1}',
    '{"clientid":"x","a":{"__proto__":1}}',
  ])('cannot reach a prototype: %s', async (body) => {
    expectError(await service.control('disconnect', body), 'INVALID');
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it.each(['toString', 'valueOf', 'hasOwnProperty', 'constructor'])('have no field %s', async (field) => {
    const issues = issuesOf(await service.control('disconnect', { clientid: '', [field]: 1 }));
    expect(issues).toContainEqual({ path: field, message: 'is not a known field' });
    expect(issues).toContainEqual({ path: 'clientid', message: 'must not be empty' });
  });

  it.each([9, 400])('may not be nested %i levels deep', async (depth) => {
    const body = `{"clientid":"x","a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(issuesOf(await service.control('disconnect', body))).toEqual(
      whole('the body is nested too deeply'),
    );
  });

  it('take the last of duplicate keys, as JSON.parse does', async () => {
    expect((await service.control('disconnect', '{"clientid":"first","clientid":"last"}')).status).toBe(200);
    expect(broker.commands.at(-1)?.clientid).toBe('last');
  });

  it('are ignored on GET', async () => {
    const get = `GET /api/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKENS.viewer}\r\n`;
    const answer = await RawHttp.exchange(
      service.url,
      `${get}Content-Type: x\r\nContent-Length: 4\r\n\r\n{[(<`,
    );
    expect(answer.status).toBe(200);
  });
});

describe('the size of a body', () => {
  it('may be exactly the limit, with a length or in chunks', async () => {
    expect((await service.control('disconnect', bodyOf(LIMIT))).status).toBe(200);
    expect((await sendChunked(bodyOf(LIMIT))).status).toBe(200);
  });

  it.each([LIMIT + 1, 3_000_000])('may not be %i bytes, with a length or in chunks', async (size) => {
    expectError(await service.control('disconnect', bodyOf(size)), 'PAYLOAD_TOO_LARGE', { limit: LIMIT });
    const response = await sendChunked(bodyOf(size));
    expect(response.status).toBe(413);
    expect(response.headers.get('connection')).toBe('close');
  });

  it('is refused before the body is sent when its length says so', async () => {
    const http = await RawHttp.open(service.url);
    http.write(request([JSON_TYPE, 'Content-Length: 1000000000']));
    expectError(await http.response(), 'PAYLOAD_TOO_LARGE', { limit: LIMIT });
    await http.closed;
  });

  it('is of no interest before the guards: nobody without a grant makes the service wait for a body', async () => {
    const http = await RawHttp.open(service.url);
    http.write(`PUT ${DISCONNECT} HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nContent-Length: 100\r\n\r\n`);
    expectError(await http.response(), 'UNAUTHORIZED');
    http.destroy();
  });
});

describe('a connection', () => {
  it('serves the next request after one that was refused with its body unread', async () => {
    const http = await RawHttp.open(service.url);
    http.write(`PUT ${DISCONNECT} HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nContent-Length: 100000\r\n\r\n`);
    http.write('x'.repeat(100_000));
    expectError(await http.response(), 'UNAUTHORIZED');
    http.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await http.response()).status).toBe(200);
    http.destroy();
  });

  it('that breaks off in the middle of a body leaves nothing behind', async () => {
    const http = await RawHttp.open(service.url);
    http.write(request([JSON_TYPE, 'Content-Length: 16'], '{"clie'));
    http.destroy();
    await drained();
  });

  it('that breaks off while a command is in flight leaves nothing behind, and its line in the log', async () => {
    await service.brokerAnswers('hasty');
    broker.script = () => undefined;
    const before = broker.commands.length;
    const http = await RawHttp.open(service.url);
    const headers = [JSON_TYPE, 'X-Request-Id: gone', 'Content-Length: 16'];
    http.write(request(headers, '{"clientid":"y"}', DISCONNECT.replace('/b/', '/hasty/')));
    await until(() => broker.commands.length > before, 'the command arrives');
    http.destroy();
    await drained();
    const line = service.logLines.find((text) => text.includes('"requestId":"gone"')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ clientId: 'y', outcome: 'BROKER_TIMEOUT', callerGone: true });
  });

  /** Resolves when no request is under way any more; fails when one never ends. */
  async function drained(): Promise<void> {
    await until(() => service.app.get(Drain).inFlight === 0, 'no request is under way');
  }
});
