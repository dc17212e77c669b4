import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { freePort } from '../support/free-port.js';
import { RawHttp } from '../support/raw-http.js';
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

  it('can ask for a port that is taken, which ends the process with 1 and a word about PORT', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    service = ServiceProcess.spawn('{}', { PORT: String(port) });
    expect(await failsToStart()).toMatch(/the port \d+ on 127\.0\.0\.1 is taken; set PORT/);
    taken.close();
  });

  it('sets the log level', async () => {
    service = ServiceProcess.spawn('{}', { LOG_LEVEL: 'debug' });
    await service.url();
    expect(service.lines.some(({ level }) => level === 20)).toBe(true);
  });
});

it('starts while its brokers are down', async () => {
  const broker = { id: 'b', url: `mqtt://127.0.0.1:${await freePort()}` };
  service = ServiceProcess.spawn(JSON.stringify({ projects: [{ id: 'p', brokers: [broker] }] }));
  expect((await fetch(`${await service.url()}/health/ready`)).status).toBe(200);
});
