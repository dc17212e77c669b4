// Measures live events: 1,000 listeners, one of them reading nothing, through a storm of 10,000 reconnects of devices of the
// embedded broker. Prints what was told, what gaps there were, and the service's memory.
//
//   npm run build && node bench/events.mjs [listeners] [reconnects]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';

const LISTENERS = Number(process.argv[2] ?? 1000);
const RECONNECTS = Number(process.argv[3] ?? 10_000);
const AT_ONCE = 50;
const MAIN = resolve('dist/main.js');

const dir = mkdtempSync(join(tmpdir(), 'bench-events-'));
const service = spawn(process.execPath, [MAIN], {
  cwd: dir,
  env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'info' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let log = '';
service.stdout.on('data', (chunk) => (log += chunk));
const line = async (pattern) => {
  for (;;) {
    const found = pattern.exec(log);
    if (found) return found[1];
    await delay(20);
  }
};
const memory = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))[1]) / 1000;

try {
  const url = await line(/listening on (http:\/\/[^,"]+)/);
  const broker = await line(/embedded broker at (mqtt:\/\/[^ "]+)/);
  const agent = new Agent({ maxSockets: Infinity });
  const told = new Array(LISTENERS).fill(0);
  const gaps = new Array(LISTENERS).fill(0);
  const open = (index) =>
    new Promise((done, fail) => {
      const request = get(`${url}/api/projects/demo/events?clientid=storm-*`, {
        agent,
        headers: { Authorization: 'Bearer demo-token' },
      });
      request.on('error', fail);
      request.on('response', (response) => {
        done(request);
        // The first reads nothing.
        if (index === 0) return;
        response.on('data', (chunk) => {
          const text = chunk.toString();
          told[index] += text.split('\nevent: client.connected').length - 1;
          gaps[index] += text.split('event: gap').length - 1;
        });
      });
    });
  const requests = [];
  for (let index = 0; index < LISTENERS; index += 1) requests.push(await open(index));
  await delay(1000);
  const before = memory();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, memory())), 100);
  const startedAt = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, worker) => {
      while (next++ < RECONNECTS) {
        const client = await mqtt.connectAsync(broker, {
          clientId: `storm-${worker}`,
          protocolVersion: 4,
          reconnectPeriod: 0,
        });
        await client.endAsync(true);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  await delay(3000);
  clearInterval(watch);
  const readers = told.slice(1);
  console.log(
    `${LISTENERS} listeners, ${RECONNECTS} reconnects in ${seconds.toFixed(1)} s: each reader was told of ` +
      `${Math.min(...readers)} to ${Math.max(...readers)} connects, ${gaps.reduce((a, b) => a + b, 0)} gaps; ` +
      `resident ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at the most`,
  );
  for (const request of requests) request.destroy();
} finally {
  service.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}
