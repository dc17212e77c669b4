import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { makeCertificates } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { ScriptedBroker } from '../support/scripted-broker.js';

let dir: string;
let broker: ScriptedBroker;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'doctor-'));
  broker = await ScriptedBroker.start();
});
afterEach(async () => {
  await broker.stop();
  rmSync(dir, { recursive: true });
});

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Asks the doctor about a broker. */
function examine(settings: object): Promise<Outcome> {
  const config = { projects: [{ id: 'p', brokers: [{ id: 'b', connectTimeoutMs: 5000, ...settings }] }] };
  writeFileSync(join(dir, 'config.yaml'), JSON.stringify(config));
  return run('doctor');
}

function run(...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    const options = { cwd: dir, env: { PATH: process.env.PATH } };
    const child = execFile(
      process.execPath,
      [resolve('dist/main.js'), ...args],
      options,
      (_error, stdout, stderr) => done({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe('the doctor', () => {
  it('finds a broker well, with 0, and leaves it', async () => {
    broker.script = (message) => message.succeed();
    const { status, stdout } = await examine({ url: broker.url, protocolVersion: 4 });
    expect(stdout).toMatch(/^p\/b mqtt:/m);
    expect(stdout).toMatch(/^ok {3}name: /m);
    expect(stdout).toMatch(/^ok {3}TCP: port \d+ answers$/m);
    expect(stdout).toMatch(/^ok {3}login: without a username$/m);
    expect(stdout).toMatch(/^ok {3}client control: available$/m);
    expect(stdout).toContain('Every broker is well.');
    expect(status).toBe(0);
  });

  it('finds a login that is refused, with 1 and what to look at', async () => {
    broker.aedes.authenticate = (_client, _username, _password, done) =>
      done(Object.assign(new Error('no'), { returnCode: 4 as const }), false);
    const { status, stdout } = await examine({
      url: broker.url,
      protocolVersion: 4,
      password: 'hunter2',
      username: 'u',
    });
    expect(stdout).toMatch(/^FAIL login: .*look at username, password/m);
    expect(stdout).not.toContain('hunter2');
    expect(status).toBe(1);
  });

  it('finds a broker that does not run, and a name that nobody knows', async () => {
    const port = await freePort();
    const down = await examine({ url: `mqtt://127.0.0.1:${port}` });
    expect(down.stdout).toMatch(/^FAIL TCP: port \d+ does not answer \(ECONNREFUSED\): does the broker run/m);
    expect(down.status).toBe(1);
    const unknown = await examine({ url: 'mqtt://no-such-host.invalid' });
    expect(unknown.stdout).toMatch(/^FAIL name: no-such-host\.invalid is not known here/m);
    expect(unknown.status).toBe(1);
  });

  it('reports a configuration that is not valid, with 1', async () => {
    const { status, stderr } = await examine({ url: 'mqtt://h', maxBatch: 0 });
    expect(stderr).toContain('- projects[0].brokers[0].maxBatch: must be at least 1');
    expect(status).toBe(1);
  });
});

describe('the doctor, of TLS', () => {
  let server: Server;
  let url: string;
  const { ca, serverCert, serverKey } = makeCertificates();
  beforeEach(async () => {
    server = createServer({ cert: serverCert, key: serverKey }, (socket) =>
      socket.on('error', () => socket.destroy()),
    );
    server.on('secureConnection', (socket) => socket.destroy());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `mqtts://127.0.0.1:${(server.address() as AddressInfo).port}`;
    writeFileSync(join(dir, 'ca.pem'), ca);
  });
  afterEach(() => void server.close());

  it('tells the days left, and warns when they are few', async () => {
    const { stdout } = await examine({ url, tls: { ca: 'ca.pem' }, connectTimeoutMs: 3000 });
    expect(stdout).toMatch(/^WARN TLS: TLSv1\.3, certificate until .*, 0 days left: renew it$/m);
  });

  it('tells a certificate that is not trusted, and what to set', async () => {
    const { stdout, status } = await examine({ url });
    expect(stdout).toMatch(/^FAIL TLS: .*not trusted \(\w+\): set tls\.ca/m);
    expect(status).toBe(1);
  });
});
