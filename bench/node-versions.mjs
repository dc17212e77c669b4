// The same on another Node, beside the one that runs the benchmark.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTROLLER, CONTROLLER_PASSWORD } from './broker.mjs';
import { startScript } from './child.mjs';
import { load } from './load.mjs';
import { startService } from './service.mjs';
import { medians } from './statistics.mjs';
import { fixed, printTable, whole } from './table.mjs';

const BARE_ROUTE = new URL('bare-route.mjs', import.meta.url).pathname;
const CONNECTIONS = [64, 256];

/**
 * Gets a Node from npm, where the packages `node-<platform>-<architecture>` carry it.
 *
 * @param {string} version as npm understands it, `24` for one; `lts`: what the image runs
 * @returns {{ path: string, name: string }}
 */
export function fetchNode(version) {
  const wanted =
    version === 'lts' ? /^ARG NODE_VERSION=(\S+)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] : version;
  const dir = join(process.cwd(), '.cache', `node-${wanted}`);
  const platform = `node-${process.platform}-${process.arch}`;
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"private":true}');
  execFileSync(
    'npm',
    ['install', '--silent', '--no-save', '--no-audit', '--no-fund', `${platform}@${wanted}`],
    {
      cwd: dir,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const path = join(dir, 'node_modules', platform, 'bin', 'node');
  return { path, name: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim() };
}

/** The bare route and the service, on each Node, in alternation. */
export async function compareNodes(dir, brokerUrl, nodes, { request, rounds, seconds }) {
  const broker = { id: 'b0', url: brokerUrl, username: CONTROLLER, password: CONTROLLER_PASSWORD };
  const targets = [];
  for (const { path, name } of nodes) {
    const bare = await startScript(BARE_ROUTE, [], { node: path });
    const service = await startService(join(dir, `node-${name}`), [broker], [], {}, path);
    const ceiling = { ...request, url: bare.ready.url, pid: bare.pid, token: service.token, stop: bare.stop };
    targets.push({ node: name, what: 'bare Fastify route', ...ceiling });
    targets.push({ node: name, what: 'this service', ...request, ...service });
  }
  for (const target of targets) await load(target, { connections: 64, seconds: 2 });
  const rows = [];
  for (const connections of CONNECTIONS) {
    const runs = targets.map(() => []);
    for (let round = 0; round < rounds; round += 1)
      for (const [at, target] of targets.entries())
        runs[at].push(await load(target, { connections, seconds }));
    const results = runs.map(medians);
    for (const [at, { node, what }] of targets.entries()) {
      const { perSecond, p50Ms, p99Ms, cpuUs, peakRssMb } = results[at];
      const ceiling = results[targets.findIndex((target) => target.node === node)];
      rows.push([
        node,
        what,
        `${connections} connections`,
        whole(perSecond),
        fixed(perSecond / ceiling.perSecond),
        fixed(p50Ms),
        fixed(p99Ms),
        fixed(cpuUs, 1),
        whole(peakRssMb),
      ]);
    }
  }
  for (const target of targets) await target.stop();
  printTable(
    'Node versions side by side (ratio: to the bare route on the same Node)',
    ['Node', 'what', 'load', 'req/s', 'ratio', 'p50 ms', 'p99 ms', 'CPU µs/req', 'peak RSS MB'],
    rows,
  );
}
