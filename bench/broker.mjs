// The broker that the service is measured against: Mosquitto with the companion plugin, on its own.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { owned } from './child.mjs';

const CACHE = '.cache';
const START_TIMEOUT_MS = 10_000;

/** The username under which the benchmark controls. */
export const CONTROLLER = 'gateway';
export const CONTROLLER_PASSWORD = 'benchmark';

/**
 * Starts Mosquitto with the plugin: 2.1 when the fetch script can get it, else the system's. Builds the plugin first.
 *
 * @param {string} dir an empty folder for its files
 * @returns {Promise<{ url: string, pid: number, name: string, stop: () => Promise<void> }>}
 */
export async function startMosquitto(dir) {
  const { binary, passwd, library, name } = prepare();
  const port = await freePort();
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'mosquitto.conf');
  const passwords = join(dir, 'passwords');
  execFileSync(passwd, ['-c', '-b', passwords, CONTROLLER, CONTROLLER_PASSWORD], { stdio: 'ignore' });
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    `password_file ${passwords}`,
    // Otherwise an answer waits for the acknowledgement of the PUBACK before it, up to 40 ms.
    'set_tcp_nodelay true',
    'log_dest stderr',
    'log_type error',
    'user root',
    `plugin ${library}`,
    `plugin_opt_allow_username ${CONTROLLER}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = spawn(binary, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const stop = owned(child);
  if (!(await accepts(port, child))) throw new Error(`Mosquitto does not take connections:\n${log}`);
  return { url: `mqtt://127.0.0.1:${port}`, pid: child.pid, name, stop };
}

function prepare() {
  const mosquitto21 = join(process.cwd(), CACHE, 'mosquitto-2.1');
  const quietly = { stdio: ['ignore', 'ignore', 'inherit'] };
  mkdirSync(CACHE, { recursive: true });
  try {
    execFileSync('broker-plugin/scripts/fetch-mosquitto.sh', ['2.1', mosquitto21], quietly);
  } catch {
    console.error('Mosquitto 2.1 cannot be had; measuring against the system’s Mosquitto.');
  }
  const has21 = existsSync(join(mosquitto21, 'VERSION'));
  const build = join(process.cwd(), CACHE, `broker-plugin-${has21 ? '2.1' : '2.0'}`);
  const headers = has21 ? [`MOSQUITTO_INCLUDE=${join(mosquitto21, 'include')}`] : [];
  // The tests build the same library; one at a time.
  const make = ['make', '-s', '-C', 'broker-plugin', `BUILD=${build}`, ...headers, 'all'];
  execFileSync('flock', [`${build}.lock`, ...make], quietly);
  return {
    binary: has21 ? join(mosquitto21, 'bin/mosquitto') : '/usr/sbin/mosquitto',
    passwd: has21 ? join(mosquitto21, 'bin/mosquitto_passwd') : 'mosquitto_passwd',
    library: join(build, 'mosquitto_client_control.so'),
    name: `Mosquitto ${has21 ? '2.1' : '2.0'} with the companion plugin`,
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until a connection is accepted; false when the broker ends or takes too long. */
async function accepts(port, child) {
  for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end;) {
    if (child.exitCode !== null) break;
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
