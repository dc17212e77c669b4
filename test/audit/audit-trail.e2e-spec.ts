import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { ConfigError } from '../../src/config/config-error.js';
import { ConfigStore } from '../../src/config/config-store.js';
import { createApp } from '../../src/boot/create-app.js';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { testConfig, TestService, TOKENS, type Answer } from '../support/test-service.js';
import { sized } from '../support/test-form.js';
import { until } from '../support/until.js';

type Line = Readonly<Record<string, unknown>>;

let broker: ScriptedBroker;
let service: TestService;
let dir: string;
let file: string;

beforeAll(async () => {
  broker = await ScriptedBroker.start();
});
afterAll(() => broker.stop());
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'audit-test-'));
  file = join(dir, 'audit.log');
  broker.messages.length = 0;
  broker.script = (message) => message.succeed();
});
afterEach(async () => {
  await service.stop();
  rmSync(dir, { recursive: true, force: true });
});

const brokers = (): object[] => [
  { id: 'b', url: broker.url, protocolVersion: 4, requestTimeoutMs: 20_000 },
  // For the tests in which it says nothing.
  { id: 'hasty', url: broker.url, protocolVersion: 4, requestTimeoutMs: 1000 },
];

async function start(
  audit: object = { file },
  moreBrokers: readonly object[] = [],
  more: object = {},
): Promise<void> {
  service = await TestService.start({ brokers: [...brokers(), ...moreBrokers], config: { audit, ...more } });
  await service.brokerState('b');
  await service.brokerAnswers('hasty');
}

const linesOf = (path = file): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
const disconnect = (clientid: string, options: object = {}): Promise<Answer> =>
  service.control('disconnect', { clientid }, options);
const errorsLogged = (): string[] =>
  service.logLines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
const failureCount = (): number => service.app.get(AuditTrail).failureCount;

describe('the audit trail in a file', () => {
  it('has one line for an action, with everything that is known of it, when the answer arrives', async () => {
    await start();
    const headers = { 'x-request-id': 'my-request' };
    const before = Date.now();
    await service.control('subscribe', { clientid: 'sensor "1"\n', topic: 'a/ü' }, { headers });
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(2);
    const [line] = linesOf();
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      requestId: 'my-request',
      caller: 'editor',
      callerKind: 'token',
      address: '127.0.0.1',
      project: 'p',
      broker: 'b',
      action: 'subscribe',
      clientId: 'sensor "1"\n',
      topic: 'a/ü',
      outcome: 'OK',
      durationMs: expect.any(Number),
    });
    expect(Date.parse(String(line?.time)) - before).toBeGreaterThanOrEqual(0);
  });

  it('has the three actions in their order', async () => {
    await start();
    await disconnect('a');
    await service.control('subscribe', { clientid: 'a', topic: 't' });
    await service.control('unsubscribe', { clientid: 'a', topic: 't' });
    expect(linesOf().map(({ action }) => action)).toEqual(['disconnect', 'subscribe', 'unsubscribe']);
  });

  it('has what was refused to a known caller, with the error code', async () => {
    await start();
    await disconnect('a', { token: TOKENS.viewer });
    await disconnect('a', { broker: 'x' });
    await disconnect('');
    await service.control('subscribe', { clientid: 'a', topic: '$SYS/#' });
    const own = service.gateway.ownClientId({ projectId: 'p', brokerId: 'b' });
    await disconnect(String(own));
    await service.request('PUT', '/api/projects/x/brokers/b/client-control/disconnect', {
      token: TOKENS.admin,
    });
    expect(linesOf().map(({ outcome, caller, broker }) => [outcome, caller, broker])).toEqual([
      ['NOT_ALLOWED', 'viewer', 'b'],
      ['BROKER_NOT_FOUND', 'editor', 'x'],
      ['INVALID', 'editor', 'b'],
      ['NOT_ALLOWED', 'editor', 'b'],
      ['SELF_DISCONNECT', 'editor', 'b'],
      ['PROJECT_NOT_FOUND', 'admin', 'b'],
    ]);
    expect(linesOf().map(({ action }) => action)).toContain('subscribe');
  });

  it('has nothing of callers who are unknown, and nothing of requests that control no client', async () => {
    await start();
    expectError(await disconnect('a', { token: null }), 'UNAUTHORIZED');
    expectError(await disconnect('a', { token: 'unknown' }), 'UNAUTHORIZED');
    await service.get('/api/projects');
    await service.get('/api/nothing');
    expect(linesOf()).toEqual([]);
  });

  it('tells whether a failed command can have been executed', async () => {
    await start({ file }, [{ id: 'down', url: `mqtt://127.0.0.1:${await freePort()}` }]);
    await disconnect('a', { broker: 'down' });
    broker.script = () => undefined;
    await disconnect('b', { broker: 'hasty' });
    broker.script = ({ commands, reply }) =>
      reply({
        responses: commands.map(({ command, correlationData }) => ({
          command,
          correlationData,
          error: 'Client not found',
        })),
      });
    await disconnect('c');
    expect(
      linesOf().map(({ clientId, outcome, outcomeDetail }) => [clientId, outcome, outcomeDetail]),
    ).toEqual([
      ['a', 'BROKER_UNAVAILABLE', 'not-sent'],
      ['b', 'BROKER_TIMEOUT', 'unknown'],
      ['c', 'CLIENT_NOT_FOUND', undefined],
    ]);
  });

  it('has the line of a caller who did not wait for the answer', async () => {
    await start();
    const gone = new AbortController();
    broker.script = (message) => {
      gone.abort();
      setTimeout(() => message.succeed(), 50);
    };
    await fetch(`${service.url}/api/projects/p/brokers/b/client-control/disconnect`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKENS.editor}`, 'content-type': 'application/json' },
      body: '{"clientid":"a"}',
      signal: gone.signal,
    }).catch(() => undefined);
    await until(() => linesOf().length === 1, 'the line');
    expect(linesOf()[0]).toMatchObject({ clientId: 'a', outcome: 'OK' });
  });

  it.each([{ sync: false }, { sync: true }, { sync: true, required: true }])(
    'has every one of hundreds of concurrent actions, with %j',
    async (settings) => {
      await start({ file, ...settings });
      const ids = Array.from({ length: sized(300, 1000) }, (_, index) => `client-${index}`);
      const answers = await Promise.all(ids.map((id) => disconnect(id)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      const done = linesOf().filter(({ outcome }) => outcome === 'OK');
      expect(done.map(({ clientId }) => String(clientId)).sort()).toEqual(ids.sort());
    },
  );

  it('goes on after what is there, and closes a line that a crash left unfinished', async () => {
    writeFileSync(file, '{"time":"2026-01-01T00:00:00Z","project":"p"}\n{"time":"2026-01-');
    await start();
    await disconnect('a');
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.slice(0, 2)).toEqual(['{"time":"2026-01-01T00:00:00Z","project":"p"}', '{"time":"2026-01-']);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ clientId: 'a' });
  });

  it('is flushed where folders cannot be', async () => {
    // Folders of /proc answer EINVAL to fsync, as those of some other file systems do.
    const descriptor = openSync(file, 'w');
    try {
      await start({ file: `/proc/self/fd/${descriptor}`, sync: true, required: true });
      expect((await disconnect('a')).status).toBe(200);
      expect(linesOf().map(({ outcome }) => outcome)).toEqual(['STARTED', 'OK']);
      expect(failureCount()).toBe(0);
    } finally {
      closeSync(descriptor);
    }
  });

  it('has short lines, whatever callers send', async () => {
    await start();
    const long = '\u0001'.repeat(5000);
    const path = `/api/projects/${encodeURIComponent(long)}/brokers/b/client-control/subscribe`;
    expectError(await service.request('PUT', path, { body: {} }), 'NOT_ALLOWED');
    await service.control('subscribe', { clientid: long, topic: long });
    const lengths = readFileSync(file, 'utf8')
      .split('\n')
      .map(({ length }) => length);
    expect(lengths).toHaveLength(3);
    expect(Math.max(...lengths)).toBeLessThan(12_000);
  });

  it.each([
    ['x'.repeat(8000), 'none'],
    [`fe80::1%${'x'.repeat(8000)}`, 'fe80::1'],
    ['203.0.113.7:4711', '203.0.113.7'],
  ])('has addresses, whatever proxies pass on', async (passedOn, address) => {
    await start({ file }, [], { http: { trustProxy: true } });
    await disconnect('a', { headers: { 'x-forwarded-for': passedOn } });
    expect(linesOf()).toEqual([expect.objectContaining({ address })]);
  });

  it('is not readable by everybody', async () => {
    await start();
    expect(statSync(file).mode & 0o007).toBe(0);
  });

  it('moves to another file with a new configuration', async () => {
    await start();
    await disconnect('before');
    const other = join(dir, 'other.log');
    const store = service.config;
    store.replace({ ...store.current, audit: { ...store.current.audit, file: other, sync: true } });
    await disconnect('after');
    expect(linesOf().map(({ clientId }) => clientId)).toEqual(['before']);
    expect(linesOf(other).map(({ clientId }) => clientId)).toEqual(['after']);
  });
});

describe('rotation', () => {
  /** Sends actions until told to stop, a few at once, and returns the client ids of all that were answered. */
  function load(): () => Promise<string[]> {
    let isStopped = false;
    const answered: string[] = [];
    const workers = Array.from({ length: 8 }, async (_, worker) => {
      for (let index = 0; !isStopped; index += 1) {
        const id = `client-${worker}-${index}`;
        const { status } = await disconnect(id);
        expect(status).toBe(200);
        answered.push(id);
      }
    });
    return async () => {
      isStopped = true;
      await Promise.all(workers);
      return answered;
    };
  }

  it.each(['without telling the service', 'and telling the service'])(
    'loses no line when the file is moved away under load, %s',
    async (how) => {
      await start();
      const stop = load();
      const rotated: string[] = [];
      for (let round = 1; round <= 5; round += 1) {
        await until(() => statSync(file, { throwIfNoEntry: false })?.size, 'lines in the file');
        rotated.push(`${file}.${round}`);
        renameSync(file, `${file}.${round}`);
        if (how.startsWith('and')) {
          await service.app.get(AuditTrail).reopen();
          expect(statSync(file).isFile()).toBe(true);
        }
      }
      // What was under way at the last move may all have gone into the moved file.
      await until(() => statSync(file, { throwIfNoEntry: false })?.size, 'lines in the last file');
      const answered = await stop();
      const lines = [file, ...rotated].flatMap((path) => linesOf(path));
      expect(lines.map(({ clientId }) => String(clientId)).sort()).toEqual(answered.sort());
    },
  );

  it('that leaves nothing to write to is reported, and tried again with each line', async () => {
    await start();
    await disconnect('before');
    renameSync(file, `${file}.1`);
    mkdirSync(file);
    await service.app.get(AuditTrail).reopen();
    expect(errorsLogged().join()).toContain('the audit file cannot be reopened (EISDIR)');
    await disconnect('meanwhile');
    expect(failureCount()).toBe(1);
    rmSync(file, { recursive: true });
    await disconnect('after');
    expect(linesOf().map(({ clientId }) => clientId)).toEqual(['after']);
  });
});

describe('a trail that cannot be written', () => {
  const NOT_SENT = 'The audit trail cannot be written; the command was not sent';

  it('fails every action when it is required, and nothing is done', async () => {
    await start({ file: '/dev/full', required: true });
    const body = expectError(await disconnect('a', { headers: { 'x-request-id': 'r1' } }), 'INTERNAL_ERROR', {
      requestId: 'r1',
      outcome: 'not-sent',
    });
    expect(body.message).toBe(NOT_SENT);
    expect(broker.commands).toEqual([]);
    expectError(await disconnect(''), 'INTERNAL_ERROR');
    expectError(await disconnect('a', { token: TOKENS.viewer }), 'INTERNAL_ERROR');
    expectError(await disconnect('a', { token: null }), 'UNAUTHORIZED');
    expect((await service.get('/api/projects')).status).toBe(200);
  });

  it('lets actions through when it is not required, but not silently', async () => {
    await start({ file: '/dev/full' });
    expect((await disconnect('a')).status).toBe(200);
    expect(failureCount()).toBe(1);
    const [error] = errorsLogged();
    expect(error).toContain('the audit trail cannot be written (ENOSPC)');
    const { details } = JSON.parse(error ?? '') as { details: string[] };
    expect(JSON.parse(details[0] ?? '')).toMatchObject({ clientId: 'a', caller: 'editor', outcome: 'OK' });
  });

  it('that is required has a line from before the command', async () => {
    await start({ file, required: true });
    let whenSent: Line[] = [];
    broker.script = (message) => {
      whenSent = linesOf();
      message.succeed();
    };
    expect((await disconnect('a')).status).toBe(200);
    expect(whenSent).toEqual([expect.objectContaining({ clientId: 'a', outcome: 'STARTED' })]);
    expect(linesOf().map(({ outcome }) => outcome)).toEqual(['STARTED', 'OK']);
    expect(linesOf().map(({ requestId }) => requestId)[1]).toBe(whenSent[0]?.requestId);
  });

  it('that is slow, while the broker comes, has nothing sent without the conditions that it was asked with', async () => {
    const port = await freePort();
    await start({ file, required: true }, [
      {
        id: 'late',
        url: `mqtt://127.0.0.1:${port}`,
        protocolVersion: 4,
        reconnect: { minDelayMs: 10, maxDelayMs: 20 },
      },
    ]);
    await service.brokerState('late', 'disconnected');
    const trail = service.app.get(AuditTrail);
    const announce = trail.announce.bind(trail);
    let late: ScriptedBroker | undefined;
    trail.announce = async (request) => {
      await announce(request);
      late = await ScriptedBroker.start(port);
      await service.brokerState('late');
    };
    const body = { clientid: 'a', ifConnectedSince: 1_764_000_000_000 };
    const answer = await service.control('disconnect', body, { broker: 'late' });
    expectError(answer, 'NOT_SUPPORTED_BY_BROKER');
    expect(late?.commands).toEqual([]);
    await late?.stop();
  });

  it('answers 500 when only the end of an action cannot be written, and says that it was carried out', async () => {
    await start({ file, required: true });
    broker.script = (message) => {
      renameSync(file, `${file}.1`);
      mkdirSync(file);
      message.succeed();
    };
    const subscribed = await service.control('subscribe', { clientid: 'a', topic: 't' });
    expect(expectError(subscribed, 'INTERNAL_ERROR').message).toBe(
      'The command was carried out, but the audit trail cannot be written',
    );
    expect(linesOf(`${file}.1`)).toEqual([expect.objectContaining({ clientId: 'a', outcome: 'STARTED' })]);
    const requests = service.logLines.filter((line) => line.includes('"msg":"request"'));
    expect(requests.at(-1)).toContain('"outcome":"INTERNAL_ERROR"');
  });

  it('says what became of a request that failed', async () => {
    await start({ file, required: true });
    broker.script = () => {
      renameSync(file, `${file}.1`);
      mkdirSync(file);
    };
    const answer = await disconnect('a', { broker: 'hasty' });
    expect(expectError(answer, 'INTERNAL_ERROR').message).toBe(
      'The request failed (BROKER_TIMEOUT), but the audit trail cannot be written',
    );
    expect(answer.body).toMatchObject({ info: { outcome: 'unknown' } });
  });

  it('is written again as soon as that is possible', async () => {
    await start({ file, required: true });
    renameSync(file, `${file}.1`);
    mkdirSync(file);
    expectError(await disconnect('a'), 'INTERNAL_ERROR');
    rmSync(file, { recursive: true });
    expect((await disconnect('b')).status).toBe(200);
    expect(linesOf().map(({ clientId }) => clientId)).toEqual(['b', 'b']);
  });
});

describe('without a file', () => {
  it('the request lines of the log are the trail', async () => {
    await start({});
    await disconnect('a', { token: TOKENS.viewer });
    await until(() => service.logLines.some((line) => line.includes('"msg":"request"')), 'the line');
    const line = service.logLines.find((text) => text.includes('"msg":"request"'));
    expect(JSON.parse(line ?? '')).toMatchObject({
      caller: 'viewer',
      callerKind: 'token',
      address: '127.0.0.1',
      action: 'disconnect',
      outcome: 'NOT_ALLOWED',
    });
  });

  it('a log that leaves these lines out is reported', async () => {
    await start({});
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const app = await createApp(new ConfigStore(testConfig({})), logger);
    await app.close();
    expect(lines.join()).toContain('control actions are not audited');
  });
});

describe('the configuration', () => {
  beforeEach(() => start());

  it.each([['sync'], ['required']])('is refused with audit.%s and without audit.file', (key) => {
    expect(() => testConfig({ config: { audit: { [key]: true } } })).toThrow(
      `audit.${key}: needs audit.file`,
    );
  });

  it('is refused when the file cannot be opened', () => {
    const audit = { file: join(dir, 'no-such-folder', 'audit.log') };
    const load = (): unknown => testConfig({ config: { audit } });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow('audit.file: names a file that cannot be opened for appending (ENOENT)');
  });
});
