// npm run bench: how close to the limits of this machine the service runs. One run, one set of tables; see README.md.
import { cpus, tmpdir } from 'node:os';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectAsync } from 'mqtt';
import { MISSING, printBars } from './bars.mjs';
import { CONTROLLER, CONTROLLER_PASSWORD, startMosquitto } from './broker.mjs';
import { measureBulk } from './bulk-rows.mjs';
import { startScript } from './child.mjs';
import { growWithBrokers, growWithClients, growWithWaiting } from './growth.mjs';
import { measureKicks } from './kick.mjs';
import { load } from './load.mjs';
import { compareNodes, fetchNode } from './node-versions.mjs';
import { provisionWrk } from './provision-wrk.mjs';
import { startService } from './service.mjs';
import { soak } from './soak.mjs';
import { medians } from './statistics.mjs';
import { fixed, printMachine, printReport, printTable, reportAsJson, whole } from './table.mjs';
import { BODY, BODY_OF_NOBODY, DEVICE, PATH } from './target.mjs';
import { provision } from '../scripts/provision.mjs';

const CONNECTIONS = [1, 64, 256];
const FULL = {
  rounds: 5,
  seconds: 4,
  soakSeconds: 60,
  kicks: [500, 5000],
  bulk: { items: 1_000_000, only: 'stream,beside' },
  growth: { seconds: 4 },
  brokers: [1, 10, 100, 500],
  clients: [1000, 10_000, 100_000],
  waiting: [1, 10, 100, 1000, 10_000],
};
const QUICK = {
  rounds: 1,
  seconds: 2,
  soakSeconds: 8,
  kicks: [500],
  bulk: { items: 200_000, only: 'stream' },
  growth: { seconds: 1 },
  brokers: [1, 100],
  clients: [1000, 100_000],
  waiting: [1, 1000],
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    node: { type: 'string' },
  },
});
const plan = values.quick ? QUICK : FULL;
if (values.json) reportAsJson();
const dir = mkdtempSync(join(tmpdir(), 'bench-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));

provision();
provisionWrk();
const broker = await startMosquitto(join(dir, 'mosquitto'));
const device = await connectAsync(broker.url, { clientId: DEVICE, protocolVersion: 5 });
printMachine(
  `${cpus()[0].model.trim()}, ${cpus().length} CPUs; Node ${process.version}; ${broker.name}, a process of its own; load from wrk, one thread`,
);

const bare = await startScript(new URL('bare-route.mjs', import.meta.url).pathname);
const raw = await startScript(new URL('raw-control.mjs', import.meta.url).pathname, [
  broker.url,
  CONTROLLER,
  CONTROLLER_PASSWORD,
  DEVICE,
]);
const service = await startService(join(dir, 'service'), [
  { id: 'b0', url: broker.url, username: CONTROLLER, password: CONTROLLER_PASSWORD },
]);
const request = { path: PATH, body: BODY };
const targets = {
  'bare Fastify route': { ...request, url: bare.ready.url, pid: bare.pid, token: service.token },
  'this service': { ...request, ...service },
};
/** What is measured at 64 connections besides. */
const refused = { [MISSING]: { path: PATH, body: BODY_OF_NOBODY, isRefused: true, ...service } };

/** Runs in alternation, so that whatever else this machine does meets all of them alike. */
async function inTurn(options, measured = targets) {
  const results = Object.fromEntries(Object.keys(measured).map((name) => [name, []]));
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [name, target] of Object.entries(measured)) {
      results[name].push(await load(target, { seconds: plan.seconds, ...options(name) }));
    }
  }
  return Object.fromEntries(Object.entries(results).map(([name, runs]) => [name, medians(runs)]));
}

for (const target of Object.values({ ...targets, ...refused }))
  await load(target, { connections: 64, seconds: 3 });

const rawRuns = [];
const askRaw = async () => {
  raw.send({ seconds: Math.min(plan.seconds, 2) });
  rawRuns.push(await raw.nextMessage());
};
await askRaw();
const full = {};
for (const connections of CONNECTIONS) {
  const measured = connections === 64 ? { ...targets, ...refused } : targets;
  full[connections] = await inTurn(() => ({ connections }), measured);
  await askRaw();
}
const rawMedians = Object.fromEntries(
  Object.keys(rawRuns[0]).map((name) => [name, medians(rawRuns.map((run) => run[name]))]),
);

// wrk pauses after each answer: with 64 connections, 64 / (pause + answer time) requests per second.
const halfLoad = await inTurn((name) => {
  const target = full[64][name].perSecond / 2;
  return { connections: 64, pauseMs: (64 / target) * 1000 - full[1][name].p50Ms };
});
const soaked = await soak(targets['this service'], { seconds: plan.soakSeconds });

const row = (what, load, result, reference) => [
  what,
  load,
  whole(result.perSecond),
  reference === undefined ? '' : fixed(result.perSecond / reference.perSecond),
  fixed(result.p50Ms),
  fixed(result.p99Ms),
  result.cpuUs === undefined ? '' : fixed(result.cpuUs, 1),
  result.peakRssMb === undefined ? '' : whole(result.peakRssMb),
];
const BARE = 'bare Fastify route';
const ROUND_TRIP = 'raw control round trip';
printTable(
  'Ceilings and the service (ratio: to the bare route in the same run)',
  ['what', 'load', 'req/s', 'ratio', 'p50 ms', 'p99 ms', 'CPU µs/req', 'peak RSS MB'],
  [
    row(ROUND_TRIP, '1 command per message, 1 under way', rawMedians.one),
    row(ROUND_TRIP, '1 command per message, 64 under way', rawMedians.pipelined),
    row(ROUND_TRIP, '100 commands per message, 4 under way', rawMedians.batched),
    ...CONNECTIONS.flatMap((connections) =>
      Object.entries(full[connections]).map(([name, result]) =>
        row(name, connectionsText(connections), result, full[connections][BARE]),
      ),
    ),
    ...Object.entries(halfLoad).map(([name, result]) =>
      row(name, '64 connections, half of its maximum', result, undefined),
    ),
    row('this service', `256 connections, ${plan.soakSeconds} s soak`, soaked),
  ],
);
printBars({ full, halfLoad, soaked, roundTrip: rawMedians.one });

function connectionsText(count) {
  return count === 1 ? '1 connection' : `${count} connections`;
}

await bare.stop();
await raw.stop();
await measureKicks(broker.url, service, { counts: plan.kicks });
await service.stop();
if (values.node !== undefined) {
  const nodes = [{ path: process.execPath, name: process.version }, fetchNode(values.node)];
  await compareNodes(dir, broker.url, nodes, { request, ...plan });
}
await growWithBrokers(dir, broker.url, { counts: plan.brokers, ...plan.growth });
await device.endAsync(true);
await broker.stop();
await growWithClients(dir, { counts: plan.clients, ...plan.growth });
await growWithWaiting(dir, { counts: plan.waiting, ...plan.growth });
measureBulk(plan.bulk);
printReport();
process.exit(0);
