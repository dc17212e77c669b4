#!/usr/bin/env node
// How long the plugin holds the broker's loop, seen by a second client: its longest ping while a command works on very many
// clients, beside its longest ping while nothing happens (the machine's noise). Mosquitto 2.1, on 127.0.0.1 only.
//
//   broker-plugin/scripts/measure-stalls.mjs [sessions]      default 100,000; run it at the top of the repository
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'mqtt';

const SESSIONS = Number(process.argv[2] ?? 100_000);
const TOPIC = '$CONTROL/mqtt-client-control/v1';
const PLUGIN = new URL('..', import.meta.url).pathname;
const CACHE = join(PLUGIN, '../.cache');

const broker21 = join(CACHE, 'mosquitto-2.1');
const build = join(CACHE, 'broker-plugin-2.1');
execFileSync(join(PLUGIN, 'scripts/fetch-mosquitto.sh'), ['2.1', broker21], { stdio: 'ignore' });
const make = ['-s', '-C', PLUGIN, `BUILD=${build}`, `MOSQUITTO_INCLUDE=${broker21}/include`, 'all'];
execFileSync('flock', [`${build}.lock`, 'make', ...make], { stdio: ['ignore', 'ignore', 'inherit'] });

const dir = mkdtempSync(join(tmpdir(), 'stalls-'));
const port = await freePort();
const passwords = join(dir, 'passwords');
execFileSync(join(broker21, 'bin/mosquitto_passwd'), ['-c', '-b', passwords, 'gateway', 'secret'], {
  stdio: 'ignore',
});
writeFileSync(
  join(dir, 'mosquitto.conf'),
  [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    `password_file ${passwords}`,
    'set_tcp_nodelay true',
    'user root',
    'log_dest none',
    `plugin ${join(build, 'mosquitto_client_control.so')}`,
    'plugin_opt_allow_username gateway',
    `plugin_opt_state_dir ${dir}`,
  ].join('\n'),
);
const broker = spawn(join(broker21, 'bin/mosquitto'), ['-c', join(dir, 'mosquitto.conf')], {
  stdio: 'ignore',
});
process.once('exit', () => {
  broker.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});
await delay(1000);

const began = performance.now();
await makeSessions(SESSIONS);
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(`${SESSIONS.toLocaleString('en')} sessions, made in ${seconds} s`);

const mqtt = await connectAsync(`mqtt://127.0.0.1:${port}`, {
  protocolVersion: 5,
  username: 'gateway',
  password: 'secret',
  reconnectPeriod: 0,
});
await mqtt.subscribeAsync(`${TOPIC}/response`);
const waiting = new Map();
mqtt.on('message', (_topic, payload) => {
  for (const response of JSON.parse(payload.toString()).responses ?? []) {
    waiting.get(response.correlationData)?.(response);
  }
});
let sequence = 0;
async function run(command) {
  const correlationData = String(++sequence);
  const answer = new Promise((resolve) => waiting.set(correlationData, resolve));
  await mqtt.publishAsync(TOPIC, JSON.stringify({ commands: [{ ...command, correlationData }] }), { qos: 1 });
  const { data, error } = await answer;
  waiting.delete(correlationData);
  if (error !== undefined) throw new Error(`${command.command}: ${error}`);
  return data;
}

async function listAll(filter) {
  let found = 0;
  let cursor;
  do {
    const page = await run({ command: 'listClients', filter, limit: 1000, ...(cursor && { cursor }) });
    found += page.clients.length;
    cursor = page.cursor;
  } while (cursor);
  return found;
}

const many = { clientid: 'session-*' };
const standing = { command: 'setStandingSubscription', name: 'all', select: many, topic: 'to/${clientid}' };
// The broker walks all subscribers of a topic for each new one: ten times as many take a hundred times as long.
const same = { ...standing, name: 'one', select: { clientid: 'session-1????' }, topic: 'one/topic' };
const jobs = {
  'nothing, for two seconds': () => delay(2000),
  'list by a filter that matches nobody': () => listAll({ clientid: '*x*y*z*' }),
  'list all by cursor, 1,000 a page': () => listAll(many),
  'disconnect by a filter that matches nobody': () =>
    run({ command: 'disconnectClients', filter: { clientid: '*x*y*z*' }, cleanSession: true }),
  'set a ban': () => run({ command: 'setBan', as: 'clientid', who: 'nobody-*', until: null }),
  'subscribe all, each to a topic of its own': () => run(standing),
  'subscribe up to 10,000 to one topic': () => run(same),
  'unsubscribe all from their own topics': () =>
    run({ command: 'deleteStandingSubscription', name: 'all', unsubscribe: true }),
  'remove 1,000 sessions': () =>
    run({
      command: 'disconnectClients',
      clientids: Array.from({ length: 1000 }, (_, i) => `session-${i}`),
      cleanSession: true,
    }),
};

const pinger = await rawClient('pinger', true);
console.log('longest ping  median ping   lasted   while');
for (const [name, job] of Object.entries(jobs)) {
  const pings = [];
  let over = false;
  const start = performance.now();
  const done = job().finally(() => (over = true));
  while (!over) {
    pings.push(await pinger.ping());
    await delay(1);
  }
  await done;
  pings.sort((a, b) => a - b);
  const ms = (value) => `${value.toFixed(1)} ms`.padStart(11);
  const lasted = `${(performance.now() - start).toFixed(0)} ms`.padStart(9);
  console.log(`${ms(pings.at(-1))}  ${ms(pings[pings.length >> 1])}  ${lasted}   ${name}`);
}
process.exit(0);

/** Sessions that nobody is connected to, some hundred at a time. */
async function makeSessions(count) {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await (await rawClient(`session-${i}`, false)).end();
  };
  await Promise.all(Array.from({ length: 200 }, worker));
}

/** An MQTT 3.1.1 client of a few bytes, which understands CONNACK and PINGRESP. */
async function rawClient(clientId, clean) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  const id = Buffer.from(clientId);
  const body = Buffer.concat([Buffer.from([0, 4, 77, 81, 84, 84, 4, clean ? 2 : 0, 0, 0, 0, id.length]), id]);
  socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]));
  await once(socket, 'data');
  return {
    async ping() {
      const before = performance.now();
      socket.write(Buffer.from([0xc0, 0]));
      await once(socket, 'data');
      return performance.now() - before;
    },
    async end() {
      const closed = once(socket.resume(), 'close');
      socket.end(Buffer.from([0xe0, 0]));
      await closed;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = server.address();
  server.close();
  await once(server, 'close');
  return found;
}
