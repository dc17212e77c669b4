import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ERROR_CODES, type ErrorCode } from '../../src/errors/error-codes.js';
import { Drain } from '../../src/http/drain.js';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { RawHttp } from '../support/raw-http.js';
import { ScriptedBroker, type ArrivedMessage } from '../support/scripted-broker.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';

/** Codes whose tests stand with their features. */
const PRODUCED_ELSEWHERE = {
  AUDIT_STORE_UNAVAILABLE: 'audit/audit-postgres',
  IDEMPOTENCY_KEY_IN_USE: 'features/fleet/idempotency',
  IDEMPOTENCY_KEY_REUSED: 'features/fleet/idempotency',
  IDEMPOTENCY_STORE_UNAVAILABLE: 'features/fleet/idempotency',
  PREVIOUS_ACTION_FAILED: 'features/fleet/selection',
  SELECTION_CHANGED: 'features/fleet/selection',
  SELECTION_INCOMPLETE: 'features/fleet/selection',
  TOO_MANY_REQUESTS: 'http/rate-limit',
};
const ISSUER = 'https://id.example.com/';

const succeed = (message: ArrivedMessage): void => message.succeed();
const silence = (): void => undefined;
/** Answers every command with one entry made from its own correlation id. */
const answerWith =
  (entry: object) =>
  ({ commands, reply }: ArrivedMessage): void =>
    reply({
      responses: commands.map(({ command, correlationData }) => ({ command, correlationData, ...entry })),
    });

let broker: ScriptedBroker;
let denying: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  denying = await ScriptedBroker.start();
  denying.aedes.authenticate = (_client, _username, _password, done) =>
    done(Object.assign(new Error('no'), { returnCode: 5 }), null);
  const deadPort = await freePort();
  const brokerOn = (url: string, id: string, more: object = {}): object => ({
    id,
    url,
    protocolVersion: 4,
    reconnect: { minDelayMs: 20, maxDelayMs: 200 },
    ...more,
  });
  service = await TestService.start({
    brokers: [
      brokerOn(broker.url, 'b'),
      brokerOn(broker.url, 'slow', { requestTimeoutMs: 600 }),
      brokerOn(broker.url, 'busy', { maxPending: 1, requestTimeoutMs: 20_000 }),
      brokerOn(`mqtt://127.0.0.1:${deadPort}`, 'down'),
      brokerOn(denying.url, 'denied'),
    ],
    auth: {
      jwt: {
        issuer: ISSUER,
        audience: 'a',
        grantsClaim: 'g',
        jwksUri: `http://127.0.0.1:${deadPort}/jwks`,
      },
    },
  });
  await Promise.all(['b', 'slow', 'busy'].map((id) => service.brokerState(id)));
  await service.brokerState('denied', 'denied');
});

afterAll(async () => {
  await service.stop();
  await Promise.all([broker.stop(), denying.stop()]);
});

function disconnect(
  id: string,
  script: (message: ArrivedMessage) => void = succeed,
  clientid = 'x',
): Promise<Answer> {
  broker.script = script;
  return service.control('disconnect', { clientid }, { broker: id });
}

const produced = new Set<ErrorCode>();
function expectRow(...parameters: Parameters<typeof expectError>): ReturnType<typeof expectError> {
  produced.add(parameters[1]);
  return expectError(...parameters);
}

describe('the error table', () => {
  it('400 INVALID lists every issue', async () => {
    const answer = await service.control('subscribe', { clientid: '', topic: 'a#', qos: 3, x: 1 });
    const { info, message } = expectRow(answer, 'INVALID');
    const paths = (info?.issues as { path: string }[]).map(({ path }) => path);
    expect(paths.sort()).toEqual(['clientid', 'qos', 'topic', 'x']);
    expect(message).toMatch(/^The request is not valid: /);
  });

  it.each([
    ['missing', null, 'Bearer'],
    ['unknown', 'no-such-token', 'Bearer error="invalid_token"'],
    ['expired', TOKENS.expired, 'Bearer error="invalid_token"'],
  ])('401 UNAUTHORIZED with WWW-Authenticate when the token is %s', async (reason, token, challenge) => {
    const answer = await service.get('/api/projects', token);
    expectRow(answer, 'UNAUTHORIZED', { reason });
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
  });

  it.each(['Basic b3BzOm9wcw==', 'Bearer', 'Bearer a b'])(
    '401 UNAUTHORIZED for the malformed header %j',
    async (authorization) => {
      const options = { token: null, headers: { authorization } };
      expectRow(await service.request('GET', '/api/projects', options), 'UNAUTHORIZED', {
        reason: 'malformed',
      });
    },
  );

  it('403 NOT_ALLOWED tells what is required', async () => {
    const answer = await service.control('disconnect', { clientid: 'x' }, { token: TOKENS.viewer });
    expectRow(answer, 'NOT_ALLOWED', { required: { role: 'editor', project: 'p', broker: 'b' } });
  });

  it.each(['disconnect', 'subscribe', 'unsubscribe'])(
    "403 SELF_DISCONNECT: %s leaves the service's own connection alone",
    async (action) => {
      const clientid = service.gateway.ownClientId({ projectId: 'p', brokerId: 'b' });
      const body = { clientid, ...(action !== 'disconnect' && { topic: 'a' }) };
      const before = broker.commands.length;
      expectRow(await service.control(action, body), 'SELF_DISCONNECT');
      expect(broker.commands).toHaveLength(before);
    },
  );

  it('404 PROJECT_NOT_FOUND and BROKER_NOT_FOUND name the id', async () => {
    expectRow(await service.get('/api/projects/nope/brokers', TOKENS.admin), 'PROJECT_NOT_FOUND', {
      project: 'nope',
    });
    expectRow(await service.get('/api/projects/p/brokers/nope'), 'BROKER_NOT_FOUND', { broker: 'nope' });
  });

  it.each(['Client not found', 'client not found ', 'CLIENT NOT FOUND'])(
    '404 CLIENT_NOT_FOUND when the broker answers %j',
    async (error) => {
      expectRow(await disconnect('b', answerWith({ error }), 'gone'), 'CLIENT_NOT_FOUND', {
        clientid: 'gone',
      });
    },
  );

  it('404 ROUTE_NOT_FOUND', async () => {
    expectRow(await service.get('/api/nothing/here'), 'ROUTE_NOT_FOUND');
  });

  it('405 METHOD_NOT_ALLOWED with Allow', async () => {
    const answer = await service.request('POST', '/api/projects');
    expectRow(answer, 'METHOD_NOT_ALLOWED', { allowed: ['GET', 'HEAD'] });
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  it('408 REQUEST_TIMEOUT for a request that never arrives completely', async () => {
    const server = service.app.getHttpServer() as { requestTimeout: number; headersTimeout: number };
    Object.assign(server, { requestTimeout: 100, headersTimeout: 100 });
    const http = await RawHttp.open(service.url);
    http.write('GET /api/projects HTTP/1.1\r\nHost: x\r\n');
    expectRow(await http.response(), 'REQUEST_TIMEOUT');
    await http.closed;
    Object.assign(server, { requestTimeout: 30_000, headersTimeout: 15_000 });
  });

  it('413 PAYLOAD_TOO_LARGE tells the limit', async () => {
    const answer = await service.control('disconnect', { clientid: 'x'.repeat(262_144) });
    expectRow(answer, 'PAYLOAD_TOO_LARGE', { limit: 262_144 });
  });

  it('415 UNSUPPORTED_MEDIA_TYPE', async () => {
    const options = { headers: { 'content-type': 'text/plain' } };
    expectRow(await service.control('disconnect', '{}', options), 'UNSUPPORTED_MEDIA_TYPE');
  });

  it('431 HEADERS_TOO_LARGE', async () => {
    const request = `GET /api/projects HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
    expectRow(await RawHttp.exchange(service.url, request), 'HEADERS_TOO_LARGE');
  });

  it('500 INTERNAL_ERROR names the request, and keeps the details to the log', async () => {
    const config = service.config.current;
    let isBroken = false;
    service.config.replace({
      ...config,
      get projects() {
        if (isBroken) throw new Error('a detail for the log');
        return config.projects;
      },
    });
    isBroken = true;
    const answer = await service.get('/api/projects', TOKENS.admin);
    isBroken = false;
    service.config.replace(config);
    const requestId = answer.headers.get('x-request-id');
    expectRow(answer, 'INTERNAL_ERROR', { requestId });
    expect(JSON.stringify(answer.body)).not.toContain('detail for');
    const line = service.logLines.find((text) => text.includes('a detail for the log'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ requestId, level: 50 });
  });

  it('501 CLIENT_CONTROL_NOT_AVAILABLE names the topic', async () => {
    const answer = await disconnect('b', ({ reply }) => reply({ error: 'endpoint not available' }));
    expectRow(answer, 'CLIENT_CONTROL_NOT_AVAILABLE', {
      topic: '$CONTROL/cedalo/client-control/v1',
      reason: 'unavailable',
    });
  });

  it.each([
    ['CLIENT_NOT_CONNECTED', { clientid: 'x' }, undefined],
    ['CLIENT_RECONNECTED', { lastConnect: 1_795_435_200_000 }, { lastConnect: 1_795_435_200_000 }],
    ['BAN_NOT_FOUND', undefined, undefined],
    ['BAN_TOO_WIDE', undefined, undefined],
    ['STANDING_SUBSCRIPTION_NOT_FOUND', undefined, undefined],
  ] as const)("%s when the broker's answer has that code", async (code, expected, info) => {
    expectRow(await disconnect('b', answerWith({ error: 'In its own words', code, info })), code, expected);
  });

  it.each([
    [{ error: 'Client is a control connection', code: 'CONTROL_CLIENT' }],
    [{ error: 'Client is a control connection' }],
  ])('403 SELF_DISCONNECT when the broker answers %j', async (entry) => {
    expectRow(await disconnect('b', answerWith(entry)), 'SELF_DISCONNECT');
  });

  it.each([
    [{ error: 'Not supported by this Mosquitto version' }, 'disconnectClient'],
    [{ error: 'Unknown command' }, 'disconnectClient'],
    [{ error: 'No', code: 'NOT_SUPPORTED', info: { feature: 'purge' } }, 'purge'],
  ])('501 NOT_SUPPORTED_BY_BROKER when the broker answers %j', async (entry, feature) => {
    expectRow(await disconnect('b', answerWith(entry)), 'NOT_SUPPORTED_BY_BROKER', { feature });
  });

  it.each([[{ error: 'Not authorized' }], [{ error: 'No', code: 'NOT_AUTHORIZED' }]])(
    '502 BROKER_DENIED when the broker answers %j',
    async (entry) => {
      const info = { reasonCode: 0x87, brokerError: entry.error };
      expectRow(await disconnect('b', answerWith(entry)), 'BROKER_DENIED', info);
    },
  );

  it("502 BROKER_ERROR holds the broker's own words", async () => {
    const brokerError = 'Invalid/missing topic';
    expectRow(await disconnect('b', answerWith({ error: brokerError })), 'BROKER_ERROR', { brokerError });
  });

  it.each([{ error: 7 }, { error: null }, { error: {} }, { data: 'x' }, { data: [] }, { data: null }])(
    '502 BROKER_ERROR for the answer %j, which is none',
    async (entry) => {
      expectRow(await disconnect('b', answerWith(entry)), 'BROKER_ERROR');
    },
  );

  it('502 BROKER_DENIED tells the reason code', async () => {
    expectRow(await disconnect('denied'), 'BROKER_DENIED', { reasonCode: 5 });
  });

  it('503 BROKER_UNAVAILABLE at once, outcome not-sent, when there is no connection', async () => {
    const answer = await disconnect('down');
    expectRow(answer, 'BROKER_UNAVAILABLE', { outcome: 'not-sent' });
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });

  it('503 BROKER_UNAVAILABLE, outcome unknown, when the connection is lost in flight', async () => {
    const answer = await disconnect('b', () => broker.cutConnections());
    expectRow(answer, 'BROKER_UNAVAILABLE', { outcome: 'unknown' });
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    await Promise.all(['b', 'slow', 'busy'].map((id) => service.brokerState(id)));
  });

  it('501 AUDIT_NOT_AVAILABLE when the audit trail goes to the log', async () => {
    expectRow(await service.get('/api/projects/p/audit', TOKENS.admin), 'AUDIT_NOT_AVAILABLE');
  });

  it('503 BROKER_BUSY tells the limit', async () => {
    const before = broker.commands.length;
    const first = disconnect('busy', silence);
    await until(() => broker.commands.length > before, 'the first command arrives');
    expectRow(await disconnect('busy', silence), 'BROKER_BUSY', { limit: 1 });
    broker.messages.at(-1)?.succeed();
    expect((await first).status).toBe(200);
  });

  it('503 IDENTITY_PROVIDER_UNAVAILABLE when its keys cannot be fetched', async () => {
    // What can be told without keys, such as a missing subject, would be a 401.
    const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
    const claims = { iss: ISSUER, sub: 'ada', exp: Math.ceil(Date.now() / 1000) + 60 };
    const token = `${encoded({ alg: 'RS256', kid: '1' })}.${encoded(claims)}.c2ln`;
    const answer = await service.get('/api/projects', token);
    expectRow(answer, 'IDENTITY_PROVIDER_UNAVAILABLE');
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });

  it('504 BROKER_TIMEOUT when the broker stays silent', async () => {
    await service.brokerAnswers('slow');
    expectRow(await disconnect('slow', silence), 'BROKER_TIMEOUT', { outcome: 'unknown', timeoutMs: 600 });
  });

  it('403 HOST_NOT_ALLOWED when the service is called by a name that it does not go by', async () => {
    const { current } = service.config;
    service.config.replace({ ...current, http: { ...current.http, allowedHosts: ['ops.example.com'] } });
    expectRow(await service.get('/api/projects'), 'HOST_NOT_ALLOWED', { header: 'Host' });
    service.config.replace(current);
  });

  it('503 SHUTTING_DOWN for new work while the service drains', async () => {
    void service.app.get(Drain).start(0);
    expectRow(await service.get('/api/projects'), 'SHUTTING_DOWN');
    expectRow(await service.get('/health/ready'), 'SHUTTING_DOWN');
    expect((await service.get('/health/live')).status).toBe(200);
  });

  it('has been produced in full', () => {
    const left = Object.keys(ERROR_CODES).filter((code) => !produced.has(code as ErrorCode));
    expect(left.sort()).toEqual(Object.keys(PRODUCED_ELSEWHERE).sort());
    for (const [code, file] of Object.entries(PRODUCED_ELSEWHERE))
      expect(readFileSync(`test/${file}.e2e-spec.ts`, 'utf8')).toContain(`'${code}'`);
  });
});
