import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { TestService, TOKENS } from '../support/test-service.js';
import { until } from '../support/until.js';

const PASSWORD = 'hunter2-of-the-broker';

let broker: ScriptedBroker;
let denying: ScriptedBroker;
let service: TestService;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
  denying = await ScriptedBroker.start();
  denying.aedes.authenticate = (_client, _username, _password, done) =>
    done(Object.assign(new Error('no'), { returnCode: 4 }), null);
  const settings = { protocolVersion: 4, username: 'gateway', password: PASSWORD };
  service = await TestService.start({
    brokers: [
      { id: 'b', url: broker.url, ...settings },
      { id: 'denied', url: denying.url, ...settings },
    ],
  });
  await service.brokerState('b');
  await service.brokerState('denied', 'denied');
});

afterAll(async () => {
  await service.stop();
  await Promise.all([broker.stop(), denying.stop()]);
});

describe('the log of brokers', () => {
  const linesOfBroker = (id: string): Record<string, unknown>[] =>
    service.logLines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(
        ({ broker: named, project, requestId }) => named === id && project === 'p' && requestId === undefined,
      );

  it('tells that a broker is connected, lost, and back', async () => {
    broker.cutConnections();
    await until(
      () => linesOfBroker('b').filter(({ msg }) => msg === 'the broker is connected').length === 2,
      'back',
    );
    const told = linesOfBroker('b').filter(({ api }) => api === undefined);
    expect(told.map(({ level, msg }) => [level, msg])).toEqual([
      [30, 'the broker is connected'],
      [40, expect.stringMatching(/^the broker is not connected: /)],
      [30, 'the broker is connected'],
    ]);
    expect(told[1]).toMatchObject({ reason: expect.any(String), retryInMs: expect.any(Number) });
  });

  it('tells once that a broker refuses the login, in words', () => {
    const told = linesOfBroker('denied');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      level: 40,
      reason: expect.stringMatching(
        /reason 0x04 \(bad user name or password; look at username and password\)/,
      ),
    });
  });
});

let sequence = 0;

/** Sends a request under an id of its own, and returns its lines of the log. */
async function linesOf(
  send: (headers: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<object[]> {
  const id = `log-${++sequence}`;
  await send({ 'x-request-id': id });
  return service.logLines
    .map((line) => JSON.parse(line) as { requestId?: string })
    .filter(({ requestId }) => requestId === id);
}

describe('the request log', () => {
  it('has one line for a command: who did what to which client, with what outcome, how fast', async () => {
    const lines = await linesOf((headers) =>
      service.control('subscribe', { clientid: 'sensor-1', topic: 'a/b' }, { headers }),
    );
    expect(lines).toEqual([
      expect.objectContaining({
        level: 30,
        requestId: `log-${sequence}`,
        method: 'PUT',
        path: '/api/projects/p/brokers/b/client-control/subscribe',
        status: 204,
        caller: 'editor',
        project: 'p',
        broker: 'b',
        action: 'subscribe',
        clientId: 'sensor-1',
        topic: 'a/b',
        outcome: 'OK',
        durationMs: expect.any(Number),
      }),
    ]);
  });

  it('has the error code as the outcome of what failed', async () => {
    broker.script = ({ commands, reply }) =>
      reply({
        responses: commands.map(({ correlationData }) => ({ error: 'Client not found', correlationData })),
      });
    const lines = await linesOf((headers) =>
      service.control('disconnect', { clientid: 'gone' }, { headers }),
    );
    expect(lines).toEqual([
      expect.objectContaining({
        status: 404,
        action: 'disconnect',
        clientId: 'gone',
        outcome: 'CLIENT_NOT_FOUND',
      }),
    ]);
  });

  it.each([
    ['UNAUTHORIZED', 'GET', '/api/projects', 'wrong-token-in-the-log-test'],
    ['NOT_ALLOWED', 'GET', '/api/projects/x/brokers', TOKENS.viewer],
    ['ROUTE_NOT_FOUND', 'GET', '/nothing', null],
    ['METHOD_NOT_ALLOWED', 'POST', '/api/projects', null],
    ['INVALID', 'GET', '/api/%zz', null],
    ['UNSUPPORTED_MEDIA_TYPE', 'PUT', '/api/projects/p/brokers/b/client-control/disconnect', TOKENS.editor],
  ])('has one line for what ends in %s', async (outcome, method, path, token) => {
    const lines = await linesOf((headers) =>
      service.request(method, path, {
        token,
        headers: { ...headers, 'content-type': 'text/plain' },
        ...(method === 'PUT' && { body: 'x' }),
      }),
    );
    expect(lines).toEqual([expect.objectContaining({ method, path, outcome })]);
  });

  it('stays one line per event whatever a client id holds', async () => {
    broker.script = (message) => message.succeed();
    const clientid = 'a\n{"level":60,"msg":"forged"}\u2028\u001b[31m';
    const lines = await linesOf((headers) => service.control('disconnect', { clientid }, { headers }));
    expect(lines).toEqual([expect.objectContaining({ clientId: clientid })]);
    for (const line of service.logLines) expect(line.trimEnd()).not.toContain('\n');
  });

  it('holds no query, where a token could be', async () => {
    const lines = await linesOf((headers) =>
      service.request('GET', '/api/projects?access_token=secret-in-the-query', { headers }),
    );
    expect(lines).toEqual([expect.objectContaining({ path: '/api/projects' })]);
  });
});

it('no line of the whole log holds a token, a password or the SHA-256 of a token', () => {
  const log = service.logLines.join('');
  const hashes = service.config.current.auth.tokens.map(({ sha256 }) => sha256);
  const secrets = [
    ...Object.values(TOKENS),
    ...hashes,
    PASSWORD,
    Buffer.from(PASSWORD).toString('base64'),
    'wrong-token-in-the-log-test',
    'secret-in-the-query',
  ];
  expect(secrets.filter((secret) => log.includes(secret))).toEqual([]);
});
