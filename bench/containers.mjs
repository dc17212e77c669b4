// How much memory a container needs: the service in a memory cgroup, with the flags of the image. Needs Linux and root.
// node bench/containers.mjs [--node lts] [--limits 128,192,256,512] [--flags "--max-semi-space-size=8 …"]
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectAsync } from 'mqtt';
import { CONTROLLER, CONTROLLER_PASSWORD, startMosquitto } from './broker.mjs';
import { load } from './load.mjs';
import { fetchNode } from './node-versions.mjs';
import { startService } from './service.mjs';
import { fixed, printTable, whole } from './table.mjs';
import { BODY, DEVICE, PATH } from './target.mjs';

const MIB = 1_048_576;
const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';
const CMD = /^CMD \["node", (.*"), "\/app\/dist\/main\.js"\]$/m;

const { values } = parseArgs({
  options: {
    node: { type: 'string', default: 'lts' },
    limits: { type: 'string', default: '128,192,256,512' },
    flags: { type: 'string' },
  },
});
const flags = values.flags === undefined ? flagsOfImage() : values.flags.split(' ').filter(Boolean);
const node = fetchNode(values.node);
const dir = mkdtempSync(join(tmpdir(), 'bench-containers-'));
const broker = await startMosquitto(join(dir, 'broker'));
const device = await connectAsync(broker.url, { clientId: DEVICE, protocolVersion: 5 });
const rows = [];
for (const limit of values.limits.split(',').map(Number)) rows.push(await measure(limit));
await device.endAsync(true);
await broker.stop();
rmSync(dir, { recursive: true, force: true });
printTable(
  `A container with so much memory (Node ${node.name}${flags.map((flag) => ` ${flag}`).join('')})`,
  [
    'limit MiB',
    '64 conn. req/s',
    'CPU µs',
    '256 conn. req/s',
    'CPU µs',
    'p99 ms',
    'most used MiB',
    'at the limit',
  ],
  rows,
);
process.exit(0);

/** The flags that the image gives Node. */
function flagsOfImage() {
  const [, list] = CMD.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  return list === undefined ? [] : JSON.parse(`[${list}]`);
}

async function measure(limit) {
  const group = makeGroup(limit);
  const wrapper = join(dir, `node-${limit}`);
  const script = `#!/bin/sh\necho $$ > ${group.path}/cgroup.procs\nexec ${node.path} "$@"\n`;
  writeFileSync(wrapper, script, { mode: 0o755 });
  const brokers = [{ id: 'b0', url: broker.url, username: CONTROLLER, password: CONTROLLER_PASSWORD }];
  const cells = [];
  let service;
  try {
    service = await startService(join(dir, `service-${limit}`), brokers, flags, {}, wrapper);
    const target = { ...service, path: PATH, body: BODY };
    await load(target, { connections: 64, seconds: 2 });
    const some = await load(target, { connections: 64, seconds: 4 });
    cells.push(whole(some.perSecond), fixed(some.cpuUs, 1));
    const many = await load(target, { connections: 256, seconds: 8 });
    cells.push(whole(many.perSecond), fixed(many.cpuUs, 1), fixed(many.p99Ms, 1));
  } catch {
    // Whoever is killed for lack of memory answers nothing more, and its files in /proc are gone.
    while (cells.length < 5) cells.push('killed');
  }
  const { most, failures } = group.read();
  await service?.stop();
  group.remove();
  return [whole(limit), ...cells, whole(most / MIB), failures === 0 ? 'never' : `${whole(failures)} times`];
}

/** A control group with a limit of memory, of whichever version this machine has. */
function makeGroup(limit) {
  const isV1 = existsSync(V1);
  const path = join(isV1 ? V1 : V2, `bench-${process.pid}-${limit}`);
  mkdirSync(path);
  writeFileSync(join(path, isV1 ? 'memory.limit_in_bytes' : 'memory.max'), String(limit * MIB));
  const number = (file, pattern = /(\d+)/) =>
    Number(pattern.exec(readFileSync(join(path, file), 'utf8'))?.[1]);
  return {
    path,
    read: () => ({
      most: number(isV1 ? 'memory.max_usage_in_bytes' : 'memory.peak'),
      failures: isV1 ? number('memory.failcnt') : number('memory.events', /^max (\d+)$/m),
    }),
    remove: () => {
      // The last process may not have left yet; an empty group costs nothing.
      try {
        rmdirSync(path);
      } catch {
        console.error(`left behind: ${path}`);
      }
    },
  };
}
