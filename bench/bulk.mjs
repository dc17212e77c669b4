// Calls for many clients, against Mosquitto with the companion plugin, beside the raw control topic in the same run.
// node bench/bulk.mjs [--items 1000000] [--sessions 100000] [--only stream,kick,pace,beside,select]
import { execFile, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs, promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { CONTROLLER, CONTROLLER_PASSWORD, startMosquitto } from './broker.mjs';
import { startScript } from './child.mjs';
import { cpuMs, memoryMb } from './process-usage.mjs';
import { startService } from './service.mjs';
import { leaveSessions } from './sessions.mjs';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000000' },
    sessions: { type: 'string', default: '100000' },
    only: { type: 'string', default: 'stream,kick,pace,beside,select' },
    profile: { type: 'boolean', default: false },
    threads: { type: 'boolean', default: false },
  },
});
const items = Number(values.items);
const parts = new Set(values.only.split(','));
const DEVICE = 'bench-device';
const KICKED = 500;

/**
 * Measures calls for many clients.
 *
 * @returns {Promise<Record<string, number>>} figures by name, also printed
 */
export async function measureBulk() {
  const dir = mkdtempSync(join(tmpdir(), 'bench-bulk-'));
  const figures = {};
  const broker = await startMosquitto(join(dir, 'broker'));
  const service = await startService(
    join(dir, 'service'),
    [{ id: 'b', url: broker.url, username: CONTROLLER, password: CONTROLLER_PASSWORD }],
    values.profile ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}/.cache/profile`] : [],
    { audit: { store: 'file', file: join(dir, 'audit.log') } },
  );
  await writeOperations(dir);
  const device = await connectAsync(broker.url, { clientId: DEVICE, protocolVersion: 5 });
  try {
    if (parts.has('stream')) Object.assign(figures, await stream(dir, broker, service));
    if (parts.has('kick')) Object.assign(figures, await kick(broker, service));
    if (parts.has('pace')) Object.assign(figures, await pace(service));
    if (parts.has('beside')) Object.assign(figures, await beside(dir, service));
    if (parts.has('select')) Object.assign(figures, await select(broker, service));
  } finally {
    await device.endAsync(true);
    await service.stop();
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  }
  for (const [name, value] of Object.entries(figures))
    console.log(`${name.padEnd(44)} ${Number(value.toFixed(3))}`);
  return figures;
}

const bulkUrl = ({ url }) => `${url}/api/projects/p/brokers/b/client-control/bulk`;
const post = ({ token }) => ({
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
});

async function call(service, body) {
  const response = await fetch(bulkUrl(service), { ...post(service), body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

const subscribe = (at) => ({
  action: 'subscribe',
  clientid: DEVICE,
  topic: `firmware/updates/${at % 10}`,
  qos: 1,
});

/** Writes the operations of a stream, one a line. */
async function writeOperations(dir) {
  const file = join(dir, 'operations.ndjson');
  const out = createWriteStream(file);
  for (let at = 0; at < items; at += 1000) {
    const lines = Array.from({ length: 1000 }, (_, i) => `${JSON.stringify(subscribe(at + i))}\n`).join('');
    if (!out.write(lines)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

/** Sends them as an operator would. */
function curlArguments(dir, service, answer) {
  const headers = [
    `authorization: Bearer ${service.token}`,
    'content-type: application/x-ndjson',
    'accept: application/x-ndjson',
  ];
  const file = join(dir, 'operations.ndjson');
  const options = ['-sS', '-X', 'POST', '-T', file, '-o', answer];
  return [...options, ...headers.flatMap((header) => ['-H', header]), bulkUrl(service)];
}

/** A million lines from a file. */
async function stream(dir, broker, service) {
  const raw = await rawPerSecond(broker);
  const cpuBefore = cpuMs(service.pid);
  const startedAt = performance.now();
  const answer = join(dir, 'answer.ndjson');
  await promisify(execFile)('curl', curlArguments(dir, service, answer));
  const seconds = (performance.now() - startedAt) / 1000;
  const { stdout } = await promisify(execFile)('tail', ['-n', '1', answer]);
  const { summary } = JSON.parse(stdout);
  if (summary.done !== items) throw new Error(`not all were done: ${stdout}`);
  const rawAfter = await rawPerSecond(broker);
  if (values.threads) printThreads(service.pid);
  return {
    'raw control topic, commands/s (before)': raw.perSecond,
    'raw control topic, commands/s (after)': rawAfter.perSecond,
    'raw control topic, CPU µs/command': (raw.cpuUs + rawAfter.cpuUs) / 2,
    'stream, commands/s': items / seconds,
    'stream, share of the raw control topic': items / seconds / ((raw.perSecond + rawAfter.perSecond) / 2),
    'stream, CPU µs/command': ((cpuMs(service.pid) - cpuBefore) * 1000) / items,
    'stream, peak memory MB': memoryMb(service.pid).peak,
    'stream, audit trail MB': statSync(join(dir, 'audit.log')).size / 1e6,
  };
}

function printThreads(pid) {
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    console.log(`thread ${task}: ${fields[11]} user, ${fields[12]} system ticks`);
  }
}

/** What the bare control topic takes, commands in messages of a hundred. */
async function rawPerSecond({ url }) {
  const raw = await startScript('bench/raw-control.mjs', [url, CONTROLLER, CONTROLLER_PASSWORD, DEVICE]);
  raw.send({ seconds: 2, only: 'batched' });
  const before = cpuMs(raw.pid);
  const { batched } = await raw.nextMessage();
  const cpu = cpuMs(raw.pid) - before;
  await raw.stop();
  return { perSecond: batched.perSecond, cpuUs: (cpu * 1000) / (batched.perSecond * 2) };
}

/** Five hundred connected clients, kicked by one call and by the bare control topic. */
async function kick(broker, service) {
  const connectAll = () =>
    Promise.all(
      Array.from({ length: KICKED }, async (_, at) => {
        const options = { clientId: `kicked-${at}`, protocolVersion: 5, reconnectPeriod: 0 };
        const device = await connectAsync(broker.url, options);
        device.on('error', () => undefined);
        return device;
      }),
    );
  const timed = async (act) => {
    const devices = await connectAll();
    const startedAt = performance.now();
    await act();
    const ms = performance.now() - startedAt;
    await Promise.all(devices.map((device) => device.endAsync(true)));
    return ms;
  };
  const operations = Array.from({ length: KICKED }, (_, at) => ({
    action: 'disconnect',
    clientid: `kicked-${at}`,
  }));
  const raws = [];
  const calls = [];
  for (let round = 0; round < 5; round += 1) {
    raws.push(await timed(() => rawKick(broker)));
    calls.push(
      await timed(async () => {
        const { summary } = await call(service, { operations });
        if (summary.done !== KICKED) throw new Error(JSON.stringify(summary));
      }),
    );
  }
  const [raw, bulk] = [Math.min(...raws), Math.min(...calls)];
  return {
    'kick 500, raw ms': raw,
    'kick 500, one call ms': bulk,
    'kick 500, times the raw floor': bulk / raw,
  };
}

async function rawKick({ url }) {
  const topic = '$CONTROL/cedalo/client-control/v1';
  const mqtt = await connectAsync(url, {
    username: CONTROLLER,
    password: CONTROLLER_PASSWORD,
    protocolVersion: 5,
    reconnectPeriod: 0,
  });
  await mqtt.subscribeAsync(`${topic}/response`);
  const startedAt = performance.now();
  let missing = KICKED;
  const done = new Promise((resolve) => {
    mqtt.on('message', (_topic, payload) => {
      missing -= JSON.parse(payload.toString()).responses.length;
      if (missing === 0) resolve();
    });
  });
  for (let at = 0; at < KICKED; at += 100) {
    const commands = Array.from({ length: 100 }, (_, i) => ({
      command: 'disconnectClient',
      clientid: `kicked-${at + i}`,
      correlationData: String(at + i),
    }));
    mqtt.publish(topic, JSON.stringify({ commands }), { qos: 0 });
  }
  await done;
  const ms = performance.now() - startedAt;
  await mqtt.endAsync(true);
  return ms;
}

/** How well a call keeps the pace that it is given. */
async function pace(service) {
  const figures = {};
  for (const perSecond of [500, 5000]) {
    const operations = Array.from({ length: Math.min(10_000, perSecond * 2) }, (_, at) => subscribe(at));
    const startedAt = performance.now();
    await call(service, { operations, perSecond });
    const seconds = (performance.now() - startedAt) / 1000;
    figures[`pace asked ${perSecond}/s, kept`] = operations.length / seconds;
  }
  return figures;
}

/** Single calls, alone and beside a running stream. */
async function beside(dir, service) {
  const single = async () => {
    const startedAt = performance.now();
    const response = await fetch(`${service.url}/api/projects/p/brokers/b/client-control/subscribe`, {
      ...post(service),
      method: 'PUT',
      body: JSON.stringify({ clientid: DEVICE, topic: 'single' }),
    });
    await response.arrayBuffer();
    if (response.status !== 204) throw new Error(`single call: ${response.status}`);
    return performance.now() - startedAt;
  };
  const p99 = async (milliseconds) => {
    const latencies = [];
    const end = performance.now() + milliseconds;
    while (performance.now() < end) latencies.push(await single());
    latencies.sort((a, b) => a - b);
    return latencies[Math.floor(latencies.length * 0.99)];
  };
  await p99(500);
  const alone = await p99(3000);
  // In a process of its own: this one measures.
  const curl = spawn('curl', curlArguments(dir, service, '/dev/null'), { stdio: 'ignore' });
  const ended = once(curl, 'exit');
  await p99(500);
  const besideBulk = await p99(3000);
  if (curl.exitCode !== null) throw new Error('the stream ended too soon: more --items');
  curl.kill();
  await ended;
  return {
    'single call alone, p99 ms': alone,
    'single call beside a stream, p99 ms': besideBulk,
    'single call, times alone': besideBulk / alone,
  };
}

/** A dry run on many sessions of which few match: on a broker that is idle else, and on one that has something to do, as any with clients. */
async function select(broker, service) {
  const sessions = Number(values.sessions);
  await leaveSessions(Number(new URL(broker.url).port), sessions, 200);
  let count = 0;
  const least = async () => {
    const times = [];
    for (let round = 0; round < 3; round += 1) {
      const startedAt = performance.now();
      ({ count } = await call(service, {
        select: { clientid: 'vendor-x-*' },
        actions: [{ action: 'disconnect' }],
        dryRun: true,
      }));
      times.push(performance.now() - startedAt);
    }
    return Math.min(...times);
  };
  const idle = await least();
  const other = await connectAsync(broker.url);
  const sending = setInterval(() => other.publish('other', 'x'), 5);
  const busy = await least();
  clearInterval(sending);
  await other.endAsync();
  return {
    [`dry run on ${sessions} clients, idle broker, ms`]: idle,
    [`dry run on ${sessions} clients, 200 messages/s beside, ms`]: busy,
    'dry run, clients that match': count,
  };
}

if (process.argv[1] === import.meta.filename) await measureBulk();
