// Disconnecting clients that are really connected: by the bare control topic, by one call for all, by a call for each.
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { connectAsync } from 'mqtt';
import { CONTROLLER, CONTROLLER_PASSWORD } from './broker.mjs';
import { startScript } from './child.mjs';
import { fixed, printTable, whole } from './table.mjs';

const CLIENTS = new URL('connected-clients.mjs', import.meta.url).pathname;
const TOPIC = '$CONTROL/cedalo/client-control/v1';
const CONNECTIONS = 64;
/** Commands in a message of the bare control topic. */
const BATCH = 100;
const ROUNDS = 3;

const range = (count) => Array.from({ length: count }, (_, at) => at);

/**
 * @param {string} brokerUrl
 * @param {{ url: string, token: string }} service
 * @param {{ counts: number[] }} options how many clients
 */
export async function measureKicks(brokerUrl, service, { counts }) {
  const clients = await startScript(CLIENTS, [new URL(brokerUrl).port]);
  const mqtt = await connectAsync(brokerUrl, {
    username: CONTROLLER,
    password: CONTROLLER_PASSWORD,
    protocolVersion: 5,
  });
  await mqtt.subscribeAsync(`${TOPIC}/response`);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const ways = {
    'raw control topic': (count) => kickRaw(mqtt, count),
    'one call for all': (count) => kickInOneCall(service, agent, count),
    'a call for each, 64 connections': (count) => kickOneByOne(service, agent, count),
  };
  const rows = [];
  for (const count of counts) {
    let raw;
    for (const [name, kick] of Object.entries(ways)) {
      const times = [];
      for (let round = 0; round < ROUNDS; round += 1) times.push(await timed(clients, count, kick));
      const ms = Math.min(...times);
      raw ??= ms;
      rows.push([whole(count), name, fixed(ms, 1), fixed(ms / raw)]);
    }
  }
  agent.destroy();
  await mqtt.endAsync(true);
  await clients.stop();
  printTable(
    `Disconnecting clients that are really connected, until all answers are there and all connections are closed (least of ${ROUNDS})`,
    ['clients', 'by', 'ms', 'times raw'],
    rows,
  );
}

/** Connects clients, then measures how long it takes until all of them are gone. */
async function timed(clients, count, kick) {
  clients.send({ count });
  await clients.nextMessage();
  const closed = clients.nextMessage();
  const startedAt = performance.now();
  await Promise.all([kick(count), closed]);
  return performance.now() - startedAt;
}

async function kickRaw(mqtt, count) {
  let missing = count;
  const done = new Promise((resolve) => {
    const onMessage = (_topic, payload) => {
      missing -= JSON.parse(payload.toString()).responses.length;
      if (missing > 0) return;
      mqtt.off('message', onMessage);
      resolve();
    };
    mqtt.on('message', onMessage);
  });
  for (let first = 0; first < count; first += BATCH) {
    const commands = range(Math.min(BATCH, count - first)).map((at) => ({
      command: 'disconnectClient',
      clientid: `client-${first + at}`,
      correlationData: String(first + at),
    }));
    mqtt.publish(TOPIC, JSON.stringify({ commands }), { qos: 0 });
  }
  await done;
}

async function kickInOneCall(service, agent, count) {
  const operations = range(count).map((at) => ({ action: 'disconnect', clientid: `client-${at}` }));
  const { summary } = await call(service, agent, 'POST', 'bulk', { operations });
  if (summary.done !== count) throw new Error(`not all were done: ${JSON.stringify(summary)}`);
}

async function kickOneByOne(service, agent, count) {
  let next = 0;
  const worker = async () => {
    while (next < count) await call(service, agent, 'PUT', 'disconnect', { clientid: `client-${next++}` });
  };
  await Promise.all(range(CONNECTIONS).map(worker));
}

function call({ url, token }, agent, method, path, body) {
  const text = JSON.stringify(body);
  const headers = {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  };
  return new Promise((resolve, reject) => {
    const target = `${url}/api/projects/p/brokers/b0/client-control/${path}`;
    const sent = request(target, { method, agent, headers }, async (answer) => {
      let received = '';
      for await (const chunk of answer.setEncoding('utf8')) received += chunk;
      if (answer.statusCode === 200) resolve(JSON.parse(received));
      else reject(new Error(`${path}: ${answer.statusCode} ${received}`));
    });
    sent.on('error', reject);
    sent.end(text);
  });
}
