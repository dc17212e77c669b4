// How the cost of a request grows with what there is: brokers, clients, commands that wait.
import { performance } from 'node:perf_hooks';
import { CONTROLLER, CONTROLLER_PASSWORD } from './broker.mjs';
import { startScript } from './child.mjs';
import { load } from './load.mjs';
import { memoryMb } from './process-usage.mjs';
import { startService } from './service.mjs';
import { median } from './statistics.mjs';
import { fixed, printTable, whole } from './table.mjs';
import { BODY, BODY_OF_ANY_CLIENT, DEVICE, PATH } from './target.mjs';

const RAW = new URL('raw-control.mjs', import.meta.url).pathname;
const SIMULATED = new URL('simulated-broker.mjs', import.meta.url).pathname;
const HEAD = ['req/s', 'p50 ms', 'p99 ms', 'CPU µs/req', 'RSS MB'];
const LISTINGS = 5;

const columns = ({ perSecond, p50Ms, p99Ms, cpuUs, rssMb }) => [
  whole(perSecond),
  fixed(p50Ms),
  fixed(p99Ms),
  whole(cpuUs),
  whole(rssMb),
];

/** Requests spread over N configured brokers: N connections of the service to the one Mosquitto. */
export async function growWithBrokers(dir, url, { counts, seconds }) {
  const rows = [];
  for (const count of counts) {
    const brokers = Array.from({ length: count }, (_, i) => ({
      id: `b${i}`,
      url,
      username: CONTROLLER,
      password: CONTROLLER_PASSWORD,
    }));
    const service = await startService(`${dir}/brokers-${count}`, brokers);
    const target = { ...service, path: PATH, body: BODY };
    await load(target, { connections: 64, seconds: 1, brokers: count });
    const result = await load(target, { connections: 64, seconds, brokers: count });
    await service.stop();
    rows.push([whole(count), ...columns(result), whole(await rawPerSecond(url, count, seconds))]);
  }
  printTable(
    'Growth with configured brokers (64 connections, requests spread evenly; all brokers are the one Mosquitto; raw: a message each)',
    ['brokers', ...HEAD, 'raw commands/s'],
    rows,
  );
}

/** What mqtt.js alone does over as many connections. */
async function rawPerSecond(url, connections, seconds) {
  const raw = await startScript(RAW, [url, CONTROLLER, CONTROLLER_PASSWORD, DEVICE, String(connections)]);
  raw.send({ seconds: Math.min(seconds, 2), only: 'pipelined' });
  const { pipelined } = await raw.nextMessage();
  await raw.stop();
  return pipelined.perSecond;
}

/** Requests for random clients among N, and the list of these clients. */
export async function growWithClients(dir, { counts, seconds }) {
  const simulated = await startScript(SIMULATED);
  const rows = [];
  for (const clients of counts) {
    simulated.send({ clients, delayMs: 0 });
    await simulated.nextMessage();
    const service = await startService(`${dir}/clients-${clients}`, [simulatedConfig(simulated)]);
    const target = { ...service, path: PATH, body: BODY_OF_ANY_CLIENT };
    await load(target, { connections: 64, seconds: 1, clients });
    const result = await load(target, { connections: 64, seconds, clients });
    const page = await listingMs(service, 100);
    const all = await listingMs(service, -1);
    rows.push([
      whole(clients),
      ...columns(result),
      fixed(page),
      whole(all),
      whole(memoryMb(service.pid).peak),
    ]);
    await service.stop();
  }
  await simulated.stop();
  printTable(
    'Growth with clients on the broker (64 connections, each request for a random client; the broker and its clients are simulated by aedes in a process of its own)',
    ['clients', ...HEAD, 'page of 100 ms', 'all ms', 'peak RSS MB'],
    rows,
  );
}

/** N callers against a broker that takes a quarter of a second for each answer, so that N commands wait. */
export async function growWithWaiting(dir, { counts, seconds }) {
  const DELAY_MS = 250;
  const simulated = await startScript(SIMULATED);
  simulated.send({ clients: 1, delayMs: DELAY_MS });
  await simulated.nextMessage();
  const service = await startService(`${dir}/waiting`, [simulatedConfig(simulated)]);
  const rows = [];
  for (const connections of counts) {
    const target = { ...service, path: PATH, body: BODY };
    const result = await load(target, { connections, seconds: Math.max(seconds, 3) });
    rows.push([whole(connections), ...columns(result)]);
  }
  await service.stop();
  await simulated.stop();
  printTable(
    `Growth with commands waiting (as many connections; the simulated broker takes ${DELAY_MS} ms for every answer)`,
    ['waiting', ...HEAD],
    rows,
  );
}

const simulatedConfig = ({ ready }) => ({ id: 'b0', url: ready.url, protocolVersion: 4, maxPending: 20_000 });

/** The time that a list of clients takes, milliseconds. */
async function listingMs({ url, token }, count) {
  const times = [];
  for (let run = 0; run < LISTINGS; run += 1) {
    const startedAt = performance.now();
    const answer = await fetch(`${url}/api/projects/p/brokers/b0/client-inspect?count=${count}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`listing ${count} clients: status ${answer.status}`);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
