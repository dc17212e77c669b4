// Measures what many configured brokers cost: the start, the metrics, and the stop. Half of them are up, half refuse
// connections. The bars are those of 1,000 brokers.
//
//   npm run build && node bench/brokers.mjs [brokers]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const BROKERS = Number(process.argv[2] ?? 1000);
const METRICS_ROUNDS = 10;
const MAIN = resolve('dist/main.js');
const WATCH = pathToFileURL(resolve('bench/loop-watch.mjs')).href;
const TOKEN = 'bench-of-many-brokers';

/** The least that answers CONNECT, SUBSCRIBE and PINGREQ, so that the measurement is not of a broker. */
const broker = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    for (let at = 0; at < bytes.length;) {
      let length = 0;
      let shift = 0;
      let header = at + 1;
      do length |= (bytes[header] & 127) << shift;
      while (((shift += 7), bytes[header++] & 128));
      const type = bytes[at] >> 4;
      if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
      if (type === 3 && (bytes[at] & 6) > 0) {
        const id = header + 2 + bytes.readUInt16BE(header);
        socket.write(Buffer.from([0x40, 2, bytes[id], bytes[id + 1]]));
      }
      if (type === 8) {
        let filters = 0;
        for (let of = header + 2; of < header + length; of += 3 + bytes.readUInt16BE(of)) filters += 1;
        socket.write(
          Buffer.from([0x90, 2 + filters, bytes[header], bytes[header + 1], ...new Array(filters).fill(0)]),
        );
      }
      if (type === 12) socket.write(Buffer.from([0xd0, 0]));
      at = header + length;
    }
  });
}).listen(0, '127.0.0.1');
await once(broker, 'listening');
const closed = createServer().listen(0, '127.0.0.1');
await once(closed, 'listening');
const { port: deadPort } = closed.address();
closed.close();

const dir = mkdtempSync(join(tmpdir(), 'bench-brokers-'));
const file = join(dir, 'config.json');
const PER_PROJECT = 100;
const projects = Array.from({ length: Math.ceil(BROKERS / PER_PROJECT) }, (_, project) => ({
  id: `p${project}`,
  brokers: Array.from({ length: Math.min(PER_PROJECT, BROKERS - project * PER_PROJECT) }, (_, index) => ({
    id: `b${index}`,
    url: `mqtt://127.0.0.1:${index % 2 === 0 ? broker.address().port : deadPort}`,
    protocolVersion: 4,
  })),
}));
const sha256 = createHash('sha256').update(TOKEN).digest('hex');
writeFileSync(
  file,
  JSON.stringify({
    http: { port: 0 },
    auth: { tokens: [{ name: 'bench', sha256, grants: [{ project: '*', role: 'viewer' }] }] },
    projects,
  }),
);

const startedAt = performance.now();
const service = spawn(process.execPath, ['--import', WATCH, MAIN], {
  cwd: dir,
  env: { PATH: process.env.PATH, CONFIG_FILE: file, LOG_LEVEL: 'info' },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
let head = '';
service.stdout.on('data', (chunk) => {
  if (!head.includes('listening on')) head += chunk;
});
/** How long the loop was held at the most since the last call. */
const longestMs = async () => {
  service.send('longest');
  const [{ longestMs: longest }] = await once(service, 'message');
  return longest;
};
const cpuSeconds = () => {
  const fields = readFileSync(`/proc/${service.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const residentMb = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))[1]) / 1000);

try {
  let url;
  while (url === undefined) {
    url = /listening on (http:\/\/[^,"]+)/.exec(head)?.[1];
    await delay(5);
  }
  while (!(await fetch(`${url}/health/live`)).ok) await delay(5);
  const startMs = performance.now() - startedAt;
  const startCpu = cpuSeconds();
  const startLongest = await longestMs();
  const up = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return text.match(/broker_state\{[^}]*state="connected"\} 1/g)?.length ?? 0;
  };
  while ((await up()) < Math.ceil(BROKERS / 2)) await delay(200);
  const connectedMs = performance.now() - startedAt;
  const connectLongest = await longestMs();

  await delay(2000);
  await longestMs();
  const times = [];
  const slices = [];
  let bytes = 0;
  for (let round = 0; round < METRICS_ROUNDS; round += 1) {
    const askedAt = performance.now();
    bytes = (await (await fetch(`${url}/metrics`)).arrayBuffer()).byteLength;
    times.push(performance.now() - askedAt);
    slices.push(await longestMs());
    await delay(100);
  }
  const many = performance.now();
  await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/metrics`).then((a) => a.arrayBuffer())));
  const manyMs = performance.now() - many;
  const manyLongest = await longestMs();
  const idleCpu = cpuSeconds();
  await delay(5000);
  const idle = (cpuSeconds() - idleCpu) / 5;
  const memory = residentMb();

  const stoppedAt = performance.now();
  service.kill('SIGTERM');
  await once(service, 'exit');
  const stopMs = performance.now() - stoppedAt;
  const best = (list) => Math.min(...list).toFixed(0);
  const worst = (list) => Math.max(...list).toFixed(0);
  console.log(
    [
      `${BROKERS} brokers, half of them down`,
      `start: answers after ${(startMs / 1000).toFixed(2)} s (bar 3 s), ${startCpu.toFixed(2)} s of the processor, longest hold ${startLongest.toFixed(0)} ms`,
      `all that are up connected after ${(connectedMs / 1000).toFixed(2)} s, longest hold meanwhile ${connectLongest.toFixed(0)} ms`,
      `/metrics: ${best(times)} to ${worst(times)} ms (bar 100 ms), ${(bytes / 1e6).toFixed(1)} MB, longest hold ${best(slices)} to ${worst(slices)} ms (bar 20 ms)`,
      `/metrics, 20 at once: ${manyMs.toFixed(0)} ms in all, longest hold ${manyLongest.toFixed(0)} ms`,
      `idle: ${(idle * 100).toFixed(0)} % of a core, resident ${memory} MB`,
      `stop: ${(stopMs / 1000).toFixed(2)} s (bar 10 s)`,
    ].join('\n  '),
  );
} finally {
  service.kill('SIGKILL');
  broker.close();
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
}
