// Measures live events: listeners, one of them reading nothing, through a storm of reconnects of devices of the embedded
// broker. Prints how long it took until the last listener was told of the last device, what gaps there were, and the
// service's memory and processor time.
//
//   npm run build && node bench/events.mjs [listeners] [reconnects]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

const LISTENERS = Number(process.argv[2] ?? 1000);
const RECONNECTS = Number(process.argv[3] ?? 10_000);
const AT_ONCE = 50;
const TOLD_WITHIN_MS = 120_000;
const MAIN = resolve('dist/main.js');
const CONNECTED = Buffer.from('\nevent: client.connected');
const GAP = Buffer.from('\nevent: gap');

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
/** User and system time so far, seconds. */
const cpu = () => {
  const fields = readFileSync(`/proc/${service.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

/** Occurrences; a piece that the network cut in the middle of one is counted with the next. */
const counter = (needle) => {
  let tail = Buffer.alloc(0);
  let count = 0;
  return {
    add(chunk) {
      if (tail.length > 0) {
        const seam = Buffer.concat([tail, chunk.subarray(0, needle.length - 1)]);
        if (seam.includes(needle)) count += 1;
      }
      for (let at = chunk.indexOf(needle); at >= 0; at = chunk.indexOf(needle, at + needle.length))
        count += 1;
      tail = Buffer.from(chunk.subarray(Math.max(0, chunk.length - needle.length + 1)));
    },
    get count() {
      return count;
    },
  };
};

/** A bare listener: what is measured is the service, not an HTTP client. */
async function listen(url, isReading) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const connects = counter(CONNECTED);
  const gaps = counter(GAP);
  let bytes = 0;
  socket.write(
    `GET /api/projects/demo/events?clientid=storm-* HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
      'Authorization: Bearer demo-token\r\n\r\n',
  );
  if (isReading) {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      connects.add(chunk);
      gaps.add(chunk);
    });
    while (bytes === 0) await delay(1);
  }
  return {
    connects: () => connects.count,
    gaps: () => gaps.count,
    bytes: () => bytes,
    end: () => socket.destroy(),
  };
}

/** The least MQTT that connects a device and ends it. */
function reconnect(broker, clientId) {
  const { hostname, port } = new URL(broker);
  const id = Buffer.from(clientId);
  const body = Buffer.from([
    0,
    4,
    0x4d,
    0x51,
    0x54,
    0x54,
    4,
    2,
    0,
    0,
    id.length >> 8,
    id.length & 255,
    ...id,
  ]);
  return new Promise((done, fail) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(Buffer.from([0x10, body.length, ...body])),
    );
    socket.on('error', fail);
    socket.once('data', () => socket.end(Buffer.from([0xe0, 0])));
    socket.once('close', done);
  });
}

try {
  const url = await line(/listening on (http:\/\/[^,"]+)/);
  const broker = await line(/embedded broker at (mqtt:\/\/[^ "]+)/);
  const listeners = [];
  for (let index = 0; index < LISTENERS; index += 1) listeners.push(await listen(url, index > 0));
  await delay(1000);
  const before = memory();
  const cpuBefore = cpu();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, memory())), 100);
  const startedAt = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, worker) => {
      while (next++ < RECONNECTS) await reconnect(broker, `storm-${worker}`);
    }),
  );
  const stormS = (performance.now() - startedAt) / 1000;
  const readers = listeners.slice(1);
  const isTold = () => readers.every((reader) => reader.connects() >= RECONNECTS || reader.gaps() > 0);
  while (!isTold() && performance.now() - startedAt < TOLD_WITHIN_MS) await delay(50);
  const toldS = (performance.now() - startedAt) / 1000;
  clearInterval(watch);
  const told = readers.map((reader) => reader.connects());
  const sum = (of) => readers.reduce((total, reader) => total + reader[of](), 0);
  console.log(
    `${LISTENERS} listeners, ${RECONNECTS} reconnects in ${stormS.toFixed(1)} s, the last told after ${toldS.toFixed(1)} s: ` +
      `each reader was told of ${Math.min(...told)} to ${Math.max(...told)} connects, ${sum('gaps')} gaps; ` +
      `${(sum('bytes') / 1e9).toFixed(2)} GB, ${(cpu() - cpuBefore).toFixed(1)} s of the processor; ` +
      `resident ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at the most`,
  );
  for (const listener of listeners) listener.end();
} finally {
  service.kill('SIGTERM');
  rmSync(dir, { recursive: true, force: true });
}
