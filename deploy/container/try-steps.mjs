// Runs the steps of the Dockerfile's build stage in an empty folder, then the service from what they leave, as the image would:
// unprivileged, from files it cannot write to, with the image's environment and health check. For where there is no container
// engine. What it cannot try is the base images, apt and the file system layers.
//
//   sudo node deploy/container/try-steps.mjs
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const USER = '10001';
const CONFIG = `
auth: { tokens: [{ name: t, sha256: ${'0'.repeat(63)}f, grants: [{ project: p, role: editor }] }] }
projects: [{ id: p, brokers: [{ id: b, url: 'mqtt://127.0.0.1:9' }] }]
`;

/** The instructions of each stage, as [keyword, rest]. */
function readStages(file) {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages = [];
  for (const line of lines) {
    const [, keyword, rest] = /^(\w+)\s+(.*)$/.exec(line);
    if (keyword === 'FROM') stages.push([]);
    stages.at(-1)?.push([keyword, rest]);
  }
  return stages;
}

const say = (text) => console.log(`- ${text}`);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

function build(stage, app) {
  for (const [keyword, rest] of stage) {
    const started = performance.now();
    if (keyword === 'COPY') {
      const [target, ...sources] = rest.split(/\s+/).reverse();
      for (const source of sources)
        cpSync(source, join(app, sources.length > 1 ? source : target), { recursive: true });
    } else if (keyword === 'RUN') {
      execFileSync('sh', ['-c', rest], { cwd: app, stdio: ['ignore', 'ignore', 'inherit'] });
    } else continue;
    say(`${keyword} ${rest} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  }
}

async function run(stage, dir, app) {
  cpSync('deploy/container/healthcheck.mjs', join(app, 'healthcheck.mjs'));
  const configFile = join(dir, 'config.yaml');
  writeFileSync(configFile, CONFIG);
  // Readable to everybody, writable to nobody but root, whom the service does not run as.
  execFileSync('chmod', ['-R', 'a+rX,go-w', dir]);
  const environment = Object.fromEntries(
    stage
      .filter(([keyword]) => keyword === 'ENV')
      .flatMap(([, rest]) => rest.split(/\s+/).map((pair) => pair.split('='))),
  );
  const env = {
    PATH: process.env.PATH,
    ...environment,
    PORT: String(await freePort()),
    CONFIG_FILE: configFile,
  };
  const asUser = [
    '--reuid',
    USER,
    '--regid',
    USER,
    '--clear-groups',
    '--no-new-privs',
    '--bounding-set=-all',
  ];
  const service = spawn('setpriv', [...asUser, process.execPath, join(app, 'dist/main.js')], {
    cwd: app,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(service, 'exit');
  for await (const chunk of service.stdout) if (chunk.includes('listening on')) break;
  say(`listens as user ${USER}, on ${env.HOST}:${env.PORT}`);
  execFileSync('setpriv', [...asUser, process.execPath, join(app, 'healthcheck.mjs')], { env });
  say('the health check succeeds');
  service.kill('SIGTERM');
  const [code] = await exited;
  if (code !== 0) throw new Error(`ended with ${code} on SIGTERM`);
  say('ends with status 0 on SIGTERM');
}

if (process.getuid() !== 0) {
  console.error('Needs root, to give up root.');
  process.exit(1);
}
const dir = mkdtempSync(join(tmpdir(), 'image-steps-'));
chmodSync(dir, 0o755);
try {
  const [buildStage, finalStage] = readStages('Dockerfile');
  const app = join(dir, 'app');
  mkdirSync(app);
  build(buildStage, app);
  await run(finalStage, dir, app);
  console.log('The image steps work.');
} finally {
  rmSync(dir, { recursive: true, force: true });
}
