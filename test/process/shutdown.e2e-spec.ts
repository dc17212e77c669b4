import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'aedes';
import { sha256Hex } from '../../src/auth/token-table.js';
import { expectError } from '../support/expect-error.js';
import { RawHttp } from '../support/raw-http.js';
import { ScriptedBroker, type ArrivedMessage } from '../support/scripted-broker.js';
import { catchesSignals, ServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';

const TOKEN = 'token-of-the-shutdown-test';
const DISCONNECT = '/api/projects/p/brokers/b/client-control/disconnect';

let broker: ScriptedBroker;
let service: ServiceProcess;
let url: string;
let held: ArrivedMessage[];

async function start(): Promise<void> {
  held = [];
  broker = await ScriptedBroker.start();
  broker.script = (message) => held.push(message);
  const config = {
    auth: { tokens: [{ name: 'ops', sha256: sha256Hex(TOKEN), grants: [{ project: '*', role: 'editor' }] }] },
    projects: [
      { id: 'p', brokers: [{ id: 'b', url: broker.url, protocolVersion: 4, requestTimeoutMs: 60_000 }] },
    ],
  };
  service = ServiceProcess.spawn(JSON.stringify(config));
  url = await service.url();
  const ready = async (): Promise<boolean> => {
    const { brokersDown } = (await (await fetch(`${url}/health/ready`)).json()) as { brokersDown: unknown[] };
    return brokersDown.length === 0;
  };
  await until(ready, 'the broker is connected');
}

async function stop(): Promise<void> {
  await service.stop();
  await broker.stop();
}

/** Begins to disconnect a client, and resolves when the command is in the broker's hands. */
async function commandInFlight(): Promise<RawHttp> {
  const http = await RawHttp.open(url);
  http.write(
    `PUT ${DISCONNECT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{"clientid":"x"}',
  );
  await until(() => held.length > 0, 'the command arrives');
  return http;
}

/** What is under way is waited for so long, milliseconds. */
const GRACE_MS = 6000;

async function exitsWithin(timeoutMs: number): Promise<void> {
  const startedAt = performance.now();
  expect(await service.exited).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(timeoutMs);
  expect(service.errors).toBe('');
}

describe.each(['SIGTERM', 'SIGINT'] as const)('on %s', (signal) => {
  beforeEach(start);
  afterEach(stop);

  it('exits with 0 at once when nothing is under way, idle connections or not', async () => {
    const idle = await RawHttp.open(url);
    idle.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await idle.response();
    const gone = once(broker.aedes, 'clientDisconnect') as Promise<[Client]>;
    service.signal(signal);
    await exitsWithin(GRACE_MS);
    await idle.closed;
    expect((await gone)[0].id).toMatch(/^client-control-/);
  });
});

describe('on SIGTERM with a command in flight', () => {
  beforeEach(start);
  afterEach(stop);

  it('finishes it, answers 503 to new work, is unready but live, and exits with 0', async () => {
    const http = await commandInFlight();
    service.signal('SIGTERM');
    await service.line(/^shutting down/);
    const exchange = (path: string) =>
      RawHttp.exchange(url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const refused = await exchange('/api/projects');
    expectError(refused, 'SHUTTING_DOWN');
    expect(refused.headers.connection).toBe('close');
    expectError(await exchange('/health/ready'), 'SHUTTING_DOWN');
    expect((await exchange('/health/live')).status).toBe(200);
    held[0]?.succeed();
    expect(await http.response()).toMatchObject({ status: 200, body: {} });
    await exitsWithin(GRACE_MS);
  });

  it('finishes it, however often and by whichever signal it is told to stop', async () => {
    const http = await commandInFlight();
    service.signal('SIGTERM');
    await service.line(/^shutting down/);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGINT'] as const) service.signal(signal);
    // So long it is quiet: a signal that ends a process does so at once.
    await delay(200);
    held[0]?.succeed();
    expect(await http.response()).toMatchObject({ status: 200, body: {} });
    await exitsWithin(GRACE_MS);
    expect(service.lines.filter(({ msg }) => msg === 'shutting down')).toHaveLength(1);
  });

  it('answers it with the outcome unknown when the broker stays silent, and exits with 0 long before the command’s own deadline', async () => {
    const http = await commandInFlight();
    service.signal('SIGTERM');
    const answer = http.response();
    await exitsWithin(30_000);
    expectError(await answer, 'BROKER_UNAVAILABLE', { outcome: 'unknown' });
  });

  it('does not wait for a caller that has gone away, nor for a request that never arrives completely', async () => {
    const half = await RawHttp.open(url);
    half.write('GET /api/projects HTTP/1.1\r\nHost: localhost\r\n');
    (await commandInFlight()).destroy();
    held[0]?.succeed();
    service.signal('SIGTERM');
    await exitsWithin(GRACE_MS);
    await half.closed;
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('on %s while it starts', (signal) => {
  it('exits with 0 at once, and never listens', async () => {
    // It does not listen before its brokers have been tried, and waits for one that says nothing: time for the signal.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `mqtt://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const starting = ServiceProcess.spawn(
      JSON.stringify({ projects: [{ id: 'p', brokers: [{ id: 'b', url }] }] }),
    );
    await starting.catchesSignals();
    const startedAt = performance.now();
    starting.signal(signal);
    expect(await starting.exited).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(GRACE_MS);
    expect(starting.lines.map(({ msg }) => msg).join()).not.toContain('listening');
    await starting.stop();
    silent.close();
  });

  // Process 1 of a PID namespace, as in a container: the kernel drops signals that it has no handler for.
  it('exits with 0 as process 1, too', async () => {
    const child = spawn(
      'unshare',
      ['--pid', '--fork', '--kill-child', process.execPath, resolve('dist/main.js')],
      {
        env: { PATH: process.env.PATH, PORT: '0' },
        stdio: 'ignore',
      },
    );
    const children = `/proc/${child.pid ?? 0}/task/${child.pid ?? 0}/children`;
    const pid = await until(() => Number(readFileSync(children, 'utf8').trim()) || undefined, 'the service');
    await catchesSignals(pid);
    process.kill(pid, signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
  });
});
