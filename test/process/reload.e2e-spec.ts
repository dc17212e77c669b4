import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileService, fileConfig } from '../support/file-service.js';
import { RawHttp } from '../support/raw-http.js';
import { Samples } from '../support/samples.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { until } from '../support/until.js';

let broker: ScriptedBroker;
let other: ScriptedBroker;
let service: FileService | undefined;

beforeEach(async () => {
  [broker, other] = await Promise.all([ScriptedBroker.start(), ScriptedBroker.start()]);
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await Promise.all([broker.stop(), other.stop()]);
});

const on = ({ url }: ScriptedBroker, more: object = {}): object => ({
  id: 'b',
  url,
  protocolVersion: 4,
  reconnect: { minDelayMs: 20, maxDelayMs: 50 },
  ...more,
});

/** Starts on a configuration and waits until its brokers are connected. */
async function start(config: object): Promise<FileService> {
  const started = await FileService.start((dir) => writeConfig(dir, config));
  service = started;
  await ready(started);
  return started;
}

function writeConfig(dir: string, config: object | string): void {
  writeFileSync(join(dir, 'config.yaml'), typeof config === 'string' ? config : JSON.stringify(config));
}

async function ready({ url }: FileService): Promise<void> {
  await until(async () => {
    const answer = (await (await fetch(`${url}/health/ready`)).json()) as { brokersDown: unknown[] };
    return answer.brokersDown.length === 0;
  }, 'all brokers connected');
}

/** The client ids that are connected to a broker. */
const clientIds = ({ aedes }: ScriptedBroker): string[] =>
  Object.keys((aedes as unknown as { clients: object }).clients);

const connects = async ({ url }: FileService, id = 'b'): Promise<number | undefined> =>
  (await Samples.scrape(url)).value('broker_connects_total', { broker: id });

describe('a reload', () => {
  it('makes new tokens work, removed ones fail, and changed grants count', async () => {
    const running = await start(fileConfig([on(broker)], { old: 'editor', changing: 'editor' }));
    expect((await running.disconnect('b', 'old')).status).toBe(200);
    expect((await running.disconnect('b', 'new')).status).toBe(401);
    await running.reload(fileConfig([on(broker)], { new: 'editor', changing: 'viewer' }));
    expect((await running.disconnect('b', 'old')).status).toBe(401);
    expect((await running.disconnect('b', 'new')).status).toBe(200);
    expect((await running.disconnect('b', 'changing')).status).toBe(403);
  });

  it('adds and removes projects', async () => {
    const running = await start(fileConfig([], { ops: 'viewer' }));
    const config = fileConfig([], { ops: 'viewer' });
    await running.reload({ ...config, projects: [{ id: 'p', name: 'Renamed' }, { id: 'q' }] });
    expect(await (await running.get('/api/projects', 'ops')).json()).toEqual([{ id: 'p', name: 'Renamed' }]);
    await running.reload({ ...config, auth: {}, projects: [] });
    expect((await running.get('/api/projects', 'ops')).status).toBe(401);
  });

  it('leaves a connection alone that it does not change', async () => {
    const running = await start(fileConfig([on(broker)]));
    const before = clientIds(broker);
    expect(before).toHaveLength(1);
    await running.reload(
      fileConfig([on(broker, { name: 'Another name' }), on(other, { id: 'added' })], {
        ops: 'editor',
        new: 'viewer',
      }),
    );
    await ready(running);
    expect((await running.disconnect('added', 'ops')).status).toBe(200);
    await running.reload(fileConfig([on(broker)]));
    await until(() => clientIds(other).length === 0, 'the removed broker is left');
    expect(clientIds(broker)).toEqual(before);
    expect(await connects(running)).toBe(1);
  });

  it('lets a request in flight on a removed broker finish, then leaves the broker', async () => {
    const running = await start(fileConfig([on(broker), on(other, { id: 'stays' })]));
    broker.script = () => undefined;
    const inFlight = running.disconnect('b', 'ops');
    await until(() => broker.messages.length === 1, 'the command arrives');
    await running.reload(fileConfig([on(other, { id: 'stays' })]));
    const late = await running.disconnect('b', 'ops');
    expect(late.status).toBe(404);
    expect(await late.json()).toMatchObject({ code: 'BROKER_NOT_FOUND' });
    broker.messages[0]?.succeed();
    expect((await inFlight).status).toBe(200);
    await until(() => clientIds(broker).length === 0, 'the connection is closed');
    expect((await running.disconnect('stays', 'ops')).status).toBe(200);
  });

  it('removes the metrics of a removed broker', async () => {
    const running = await start(fileConfig([on(broker), on(other, { id: 'stays' })]));
    await running.disconnect('b', 'ops');
    expect((await Samples.scrape(running.url)).text).toContain('broker="b"');
    await running.reload(fileConfig([on(other, { id: 'stays' })]));
    await until(
      async () => !(await Samples.scrape(running.url)).text.includes('broker="b"'),
      'no series of it',
    );
    expect((await Samples.scrape(running.url)).text).toContain('broker="stays"');
  });

  it('answers BROKER_NOT_FOUND when the broker is removed while the request is still coming in', async () => {
    const running = await start(fileConfig([on(broker)]));
    const http = await RawHttp.open(running.url);
    http.write(
      'PUT /api/projects/p/brokers/b/client-control/disconnect HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ops\r\n' +
        'Content-Type: application/json\r\nContent-Length: 16\r\nExpect: 100-continue\r\n\r\n{"client',
    );
    // The guards have run when the next request on another connection has been answered.
    expect((await running.get('/api/projects', 'ops')).status).toBe(200);
    await running.reload(fileConfig([]));
    http.write('id":"x"}');
    expect(await http.response()).toMatchObject({ status: 404, body: { code: 'BROKER_NOT_FOUND' } });
    http.destroy();
  });

  it('moves to a changed broker without failing a request', async () => {
    const running = await start(fileConfig([on(broker)]));
    broker.script = (message) => setTimeout(message.succeed, 50);
    other.aedes.authenticate = (_client, _username, _password, done) =>
      void setTimeout(() => done(null, true), 300);
    const statuses: number[] = [];
    let moved = false;
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (!moved) statuses.push((await running.disconnect('b', 'ops')).status);
      }),
    );
    await until(() => broker.commands.length >= 8, 'commands in flight');
    await running.reload(fileConfig([on(other)]));
    await until(() => other.commands.length >= 8 && clientIds(broker).length === 0, 'the move');
    moved = true;
    await load;
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it('keeps the connection that works while the changed one does not come up, shows that, and goes over when it does', async () => {
    const running = await start(fileConfig([on(broker)]));
    const { port } = other;
    await other.stop();
    await running.reload(fileConfig([on(other)]));
    const pendingChange = async (): Promise<{ lastError: string } | null> => {
      const answer = await running.get('/api/projects/p/brokers/b', 'ops');
      return ((await answer.json()) as { pendingChange: { lastError: string } | null }).pendingChange;
    };
    const shown = await until(
      async () => (await pendingChange()) ?? undefined,
      'the pending change is shown',
    );
    expect(shown.lastError).toMatch(/ECONNREFUSED/);
    expect((await running.disconnect('b', 'ops')).status).toBe(200);
    expect((await Samples.scrape(running.url)).value('broker_change_pending', { broker: 'b' })).toBe(1);
    other = await ScriptedBroker.start(port);
    await until(async () => (await pendingChange()) === null, 'the new broker is in use');
    expect((await running.disconnect('b', 'ops')).status).toBe(200);
    expect(other.commands).toHaveLength(1);
    expect((await Samples.scrape(running.url)).value('broker_change_pending', { broker: 'b' })).toBe(0);
  });

  it('keeps the old login while the new one is refused', async () => {
    const running = await start(fileConfig([on(broker, { username: 'u', password: 'right' })]));
    broker.aedes.authenticate = (_client, _username, password, done) => {
      if (password?.toString() === 'right') done(null, true);
      else done(Object.assign(new Error('no'), { returnCode: 4 }), null);
    };
    await running.reload(fileConfig([on(broker, { username: 'u', password: 'wrong' })]));
    const lastError = async (): Promise<string | undefined> => {
      const answer = await running.get('/api/projects/p/brokers/b', 'ops');
      return ((await answer.json()) as { pendingChange: { lastError: string } | null }).pendingChange
        ?.lastError;
    };
    expect(await until(lastError, 'the refusal is shown')).toMatch(
      /reason 0x04 \(bad user name or password; look at username and password\)/,
    );
    const statuses = await Promise.all(
      Array.from({ length: 15 }, async () => (await running.disconnect('b', 'ops')).status),
    );
    expect(statuses).toEqual(Array(15).fill(200));
  });

  it('takes the last of several changes in a row', async () => {
    const running = await start(fileConfig([on(broker)]));
    for (const clientIdPrefix of ['one', 'two', 'three'])
      await running.reload(fileConfig([on(broker, { clientIdPrefix })]));
    await until(
      () => clientIds(broker).length === 1 && clientIds(broker)[0]?.startsWith('three-') === true,
      'only the last connection is left',
    );
    expect((await running.disconnect('b', 'ops')).status).toBe(200);
  });

  it('says so when nothing has changed', async () => {
    const config = fileConfig([on(broker)]);
    const running = await start(config);
    await running.reload(config);
    await running.logged('has not changed');
    expect((await Samples.scrape(running.url)).value('config_reloads_total', { outcome: 'unchanged' })).toBe(
      1,
    );
    expect(await connects(running)).toBe(1);
  });
});

describe('a configuration that is not valid', () => {
  it.each([
    [
      'a wrong value',
      { projects: [{ id: 'p', brokers: [{ id: 'b', url: 'ftp://secret' }] }] },
      'projects[0].brokers[0].url',
    ],
    ['an unknown key', { secret: 'secret' }, 'secret'],
    ['a file that is not there', { http: { tls: { cert: 'no', key: 'no' } } }, 'http.tls.cert'],
    [
      'a certificate without its key',
      {
        projects: [
          {
            id: 'p',
            brokers: [{ id: 'b', url: 'mqtts://h', tls: { cert: 'config.yaml', key: 'config.yaml' } }],
          },
        ],
      },
      'projects[0].brokers[0].tls',
    ],
    ['no YAML', '{', ''],
    ['nothing at all', '', ''],
    ['an audit file in a missing folder', { audit: { file: 'no/audit.jsonl' } }, 'audit.file'],
    [
      'a certificate authority that is none',
      { projects: [{ id: 'p', brokers: [{ id: 'b', url: 'mqtts://h', tls: { ca: 'config.yaml' } }] }] },
      'projects[0].brokers[0].tls.ca',
    ],
    ['an address of another machine', { http: { host: '192.0.2.1' } }, 'http.host'],
    ['an address that is none', { http: { host: 'no such host.invalid' } }, 'http.host'],
    ['a list in itself', 'projects: &a [*a]', ''],
    ['a tag that means nothing here', 'projects: []\naudit: { file: !env secret }', ''],
  ])('is refused as a whole: %s', async (_case, change, path) => {
    const running = await start(fileConfig([on(broker)]));
    const changed = typeof change === 'string' ? change : { ...fileConfig([], { new: 'editor' }), ...change };
    await running.reload(changed);
    const { level, issues } = await running.logged('the old one stays in force');
    expect(level).toBe(50);
    expect(issues).toEqual(expect.arrayContaining([expect.objectContaining({ path })]));
    expect((await running.disconnect('b', 'ops')).status).toBe(200);
    expect((await running.disconnect('b', 'new')).status).toBe(401);
    expect(await connects(running)).toBe(1);
    const samples = await Samples.scrape(running.url);
    expect(samples.value('config_reloads_total', { outcome: 'refused' })).toBe(1);
    expect(samples.value('config_last_reload_successful')).toBe(0);
    expect(running.log).not.toContain('ftp://secret');

    await running.reload(fileConfig([on(broker)], { new: 'editor' }));
    expect((await running.disconnect('b', 'new')).status).toBe(200);
    expect((await Samples.scrape(running.url)).value('config_last_reload_successful')).toBe(1);
  });
});

describe('settings that are fixed at the start', () => {
  it('are reported by each reload that finds them changed, and the rest applies', async () => {
    const running = await start(fileConfig([on(broker)]));
    const changed = fileConfig(
      [on(broker)],
      { new: 'editor' },
      {
        http: { host: '127.0.0.2', port: 1, trustProxy: true, corsOrigins: ['https://example.com'] },
        rateLimit: { redisUrl: 'redis://127.0.0.1:1' },
      },
    );
    await running.reload(changed);
    const { level, restartNeeded } = await running.logged('take effect at the next start');
    expect(level).toBe(40);
    expect(restartNeeded).toEqual([
      'http.corsOrigins',
      'http.host',
      'http.port',
      'http.trustProxy',
      'rateLimit.redisUrl',
    ]);
    expect((await running.disconnect('b', 'new')).status).toBe(200);
    await running.reload(changed);
    expect(running.log.match(/take effect at the next start/g)).toHaveLength(2);
    await running.logged('has not changed');
  });
});

describe('a file that changes while the service starts', () => {
  it('is read again, so that a token that was taken out of it is worth nothing', async () => {
    const config = (name: string): object => fileConfig([on(broker)], { [name]: 'editor' });
    const running = await FileService.start(
      (dir) => writeConfig(dir, config('revoked')),
      // Between the reading and the watching.
      (dir, line) => line.includes('listening on') && writeConfig(dir, config('granted')),
    );
    service = running;
    await ready(running);
    await until(async () => (await running.disconnect('b', 'granted')).status === 200, 'the change');
    expect((await running.disconnect('b', 'revoked')).status).toBe(401);
  });

  it('is read again also when it changes while it is read again', async () => {
    const config = (name: string): object => fileConfig([on(broker)], { [name]: 'editor' });
    let isFirst = true;
    const running = await FileService.start(
      (dir) => writeConfig(dir, config('first')),
      (dir, line) => {
        if (isFirst && line.includes('is in force')) writeConfig(dir, config('thirds'));
        isFirst &&= !line.includes('is in force');
      },
    );
    service = running;
    await ready(running);
    await running.reload(config('second'));
    await until(async () => (await running.disconnect('b', 'thirds')).status === 200, 'the second change');
  });
});

describe('a changed file', () => {
  const withToken = (name: string): object => fileConfig([on(broker)], { [name]: 'editor' });
  const works = async (running: FileService, token: string): Promise<void> => {
    await until(
      async () => (await running.disconnect('b', token)).status === 200,
      `the token ${token} works`,
    );
  };

  it('is read without a signal when it is written in place, and when another is renamed into its place', async () => {
    const running = await start(withToken('first'));
    writeConfig(running.path('.'), withToken('second'));
    await works(running, 'second');
    writeFileSync(running.path('config.yaml~'), JSON.stringify(withToken('third')));
    renameSync(running.path('config.yaml~'), running.path('config.yaml'));
    await works(running, 'third');
    expect((await running.disconnect('b', 'first')).status).toBe(401);
    expect(await connects(running)).toBe(1);
  });

  it('is read when a symbolic link above it is swapped, as Kubernetes does', async () => {
    const running = await FileService.start((dir) => {
      for (const [version, token] of [
        ['v1', 'first'],
        ['v2', 'second'],
      ] as const) {
        mkdirSync(join(dir, version));
        writeConfig(join(dir, version), withToken(token));
      }
      symlinkSync('v1', join(dir, '..data'));
      symlinkSync('..data/config.yaml', join(dir, 'config.yaml'));
    });
    service = running;
    await ready(running);
    symlinkSync('v2', running.path('..data_tmp'));
    renameSync(running.path('..data_tmp'), running.path('..data'));
    await works(running, 'second');
  });

  it('may also be one that the configuration names, such as a password', async () => {
    broker.aedes.authenticate = (_client, _username, password, done) => {
      const isRight = password?.toString() === currentPassword;
      done(isRight ? null : Object.assign(new Error('no'), { returnCode: 5 as const }), isRight);
    };
    let currentPassword = 'old';
    const running = await FileService.start((dir) => {
      writeFileSync(join(dir, 'password'), 'old\n');
      writeConfig(dir, fileConfig([on(broker, { username: 'gateway', passwordFile: 'password' })]));
    });
    service = running;
    await ready(running);
    const [before] = clientIds(broker);
    currentPassword = 'new';
    writeFileSync(running.path('password'), 'new\n');
    await until(() => clientIds(broker).length === 1 && clientIds(broker)[0] !== before, 'a new connection');
    expect((await running.disconnect('b', 'ops')).status).toBe(200);
    expect(running.log).not.toContain('denied');
  });
});
