import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileConfig } from '../support/file-service.js';
import { freePort } from '../support/free-port.js';
import { RawHttp } from '../support/raw-http.js';
import { ScriptedBroker } from '../support/scripted-broker.js';
import { ServiceProcess } from '../support/service-process.js';

const SECRET = 'hunter2-in-the-file';

let service: ServiceProcess;
afterEach(() => service.stop());

/** Everything that the process said. */
const output = (): string => `${JSON.stringify(service.lines)}${service.errors}`;

async function failsToStart(): Promise<string> {
  expect(await service.exited).toBe(1);
  return service.lines.map(({ msg }) => msg).join('\n');
}

describe('a broken configuration', () => {
  const broken = (port: number): string => `
http: { port: ${port}, hots: ${SECRET} }
auth:
  tokens:
    - { name: ops, sha256: ${SECRET}, grants: [{ project: nowhere, role: root }] }
projects:
  - id: p
    brokers:
      - { id: b, url: 'mqtt://user:${SECRET}@h', password: '\${NOT_SET}${SECRET}', passwordFile: ${SECRET} }
  - id: p
`;

  it('ends the process with 1, every problem listed with its path, none with its value', async () => {
    service = ServiceProcess.spawn(broken(0));
    const message = await failsToStart();
    for (const path of [
      'http.hots',
      'auth.tokens[0].sha256',
      'auth.tokens[0].grants[0].project',
      'auth.tokens[0].grants[0].role',
      'projects[0].brokers[0].url',
      'projects[0].brokers[0].password',
      'projects[0].brokers[0].passwordFile',
      'projects[1].id',
    ]) {
      expect(message).toContain(`- ${path}: `);
    }
    expect(output()).not.toContain(SECRET);
  });

  it('listens on nothing', async () => {
    const port = await freePort();
    service = ServiceProcess.spawn(broken(port), { PORT: '' });
    await failsToStart();
    await expect(RawHttp.open(`http://127.0.0.1:${port}`)).rejects.toThrow(/ECONNREFUSED/);
    expect(output()).not.toContain('listening');
  });

  it('that is no YAML ends the process with 1, and shows no excerpt', async () => {
    service = ServiceProcess.spawn(`password: "${SECRET}\nprojects: [`);
    expect(await failsToStart()).toMatch(/line \d+: not valid YAML/);
    expect(output()).not.toContain(SECRET);
  });
});

describe('the environment', () => {
  it('can name a file that is not there, which ends the process with 1', async () => {
    service = ServiceProcess.spawn(undefined, { CONFIG_FILE: 'no-such-file.yaml' });
    expect(await failsToStart()).toMatch(/no-such-file\.yaml.*\n.*cannot be read \(ENOENT\)/);
  });

  it.each([
    [{ HOST: '0.0.0.0' }, /HOST: .*loopback only/],
    [{ PORT: 'x' }, /http\.port: must be an integer/],
    [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL: must be a log level/],
  ])('%j ends the process of the embedded default with 1', async (environment, message) => {
    service = ServiceProcess.spawn(undefined, environment);
    expect(await failsToStart()).toMatch(message);
  });

  it('can ask for a port that is taken, which ends the process with 1 and a word about PORT, and troubles no broker', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const broker = await ScriptedBroker.start();
    let logins = 0;
    broker.server.on('connection', () => (logins += 1));
    const config = JSON.stringify(fileConfig([{ id: 'b', url: broker.url, protocolVersion: 4 }]));
    service = ServiceProcess.spawn(config, { PORT: String(port) });
    expect(await failsToStart()).toMatch(/the port \d+ on 127\.0\.0\.1 is taken; set PORT/);
    // It may be taken by the same service, whose connection this one could take over.
    expect(logins).toBe(0);
    await broker.stop();
    taken.close();
  });

  it('sets the log level', async () => {
    service = ServiceProcess.spawn('{}', { LOG_LEVEL: 'debug' });
    await service.url();
    expect(service.lines.some(({ level }) => level === 20)).toBe(true);
  });
});

describe('its brokers, when it starts', () => {
  const config = (url: string): string =>
    JSON.stringify(fileConfig([{ id: 'b', url, protocolVersion: 4 }], { ops: 'editor' }));

  const disconnect = async (): Promise<number> => {
    const path = '/api/projects/p/brokers/b/client-control/disconnect';
    const { status } = await fetch(`${await service.url()}${path}`, {
      method: 'PUT',
      headers: { authorization: 'Bearer ops', 'content-type': 'application/json' },
      body: '{"clientid":"pump-07"}',
    });
    return status;
  };

  it('may be down', async () => {
    service = ServiceProcess.spawn(config(`mqtt://127.0.0.1:${await freePort()}`));
    expect((await fetch(`${await service.url()}/health/ready`)).status).toBe(200);
    expect(await disconnect()).toBe(503);
  });

  it('are connected before anybody can ask for them, though they are slow', async () => {
    const broker = await ScriptedBroker.start();
    broker.aedes.preConnect = (_client, _packet, done) => void setTimeout(() => done(null, true), 500);
    const startAndAsk = (): Promise<number> => {
      service = ServiceProcess.spawn(config(broker.url));
      return disconnect();
    };
    let status = await startAndAsk();
    // They are waited for two seconds. A machine that stalls for as long proves nothing, but does not do so each time.
    for (let again = 0; again < 2 && status !== 200; again += 1) {
      await service.stop();
      status = await startAndAsk();
    }
    expect(status).toBe(200);
    await broker.stop();
  });

  it('that say nothing hold it up no longer than for a moment', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    service = ServiceProcess.spawn(config(`mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`));
    expect(await disconnect()).toBe(503);
    silent.close();
  });
});
