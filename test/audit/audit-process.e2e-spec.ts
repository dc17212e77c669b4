import { existsSync, readFileSync, renameSync } from 'node:fs';
import { afterEach, expect, it } from '@jest/globals';
import { sha256Hex } from '../../src/auth/token-table.js';
import { freePort } from '../support/free-port.js';
import { ServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';

let service: ServiceProcess;

afterEach(() => service.stop());

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

async function disconnect(clientid: string): Promise<void> {
  const url = `${await service.url()}/api/projects/p/brokers/b/client-control/disconnect`;
  const headers = { authorization: 'Bearer t', 'content-type': 'application/json' };
  await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ clientid }) });
}

it('begins a new audit file on SIGHUP, as logrotate has it', async () => {
  const config = {
    audit: { file: 'audit.log' },
    auth: { tokens: [{ name: 't', sha256: sha256Hex('t'), grants: [{ project: 'p', role: 'editor' }] }] },
    projects: [{ id: 'p', brokers: [{ id: 'b', url: `mqtt://127.0.0.1:${await freePort()}` }] }],
  };
  service = ServiceProcess.spawn(JSON.stringify(config));
  await disconnect('before');
  const file = service.path('audit.log');
  renameSync(file, `${file}.1`);
  service.signal('SIGHUP');
  await until(() => existsSync(file), 'the new file');
  await disconnect('after');
  expect(linesOf(`${file}.1`)).toEqual([expect.stringContaining('"clientId":"before"')]);
  expect(linesOf(file)).toEqual([expect.stringContaining('"clientId":"after"')]);
});

it('does not start with an audit file that cannot be opened, and names the setting', async () => {
  service = ServiceProcess.spawn('{"audit":{"file":"no-such-folder/audit.log"}}');
  expect(await service.exited).toBe(1);
  const { issues } = await service.line(/is not valid/);
  expect(issues).toEqual([
    { path: 'audit.file', message: 'names a file that cannot be opened for appending (ENOENT)' },
  ]);
});
