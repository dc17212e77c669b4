// The service under measurement: its production start, with everything on and its log in a file.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { owned } from './child.mjs';

/** As `npm run start:prod` has it: what Node.js 20 does anyway. */
const PRODUCTION_FLAGS = ['--max-semi-space-size=16'];
const START_TIMEOUT_MS = 30_000;
/** A limit that is enforced, and never reached. */
const NO_LIMIT = 1_000_000_000;

/**
 * Starts `dist/main.js` and waits until it is connected to all of its brokers.
 *
 * @param {string} dir an empty folder for its configuration and its log
 * @param {object[]} brokers of project `p`, as in a configuration file
 * @param {string[]} execArgv options for Node, `--cpu-prof` for one
 * @param {object} more further keys of the configuration
 * @param {string} node the Node to run it with
 * @returns {Promise<{ url: string, pid: number, token: string, stop: () => Promise<void> }>}
 */
export async function startService(dir, brokers, execArgv = [], more = {}, node = process.execPath) {
  mkdirSync(dir, { recursive: true });
  const token = randomBytes(32).toString('base64url');
  const sha256 = createHash('sha256').update(token).digest('hex');
  const config = {
    http: { port: 0 },
    auth: { tokens: [{ name: 'bench', sha256, grants: [{ project: 'p', role: 'editor' }] }] },
    rateLimit: { requestsPerMinute: NO_LIMIT, bulkItemsPerMinute: NO_LIMIT },
    projects: [{ id: 'p', brokers }],
    ...more,
  };
  const configFile = join(dir, 'config.json');
  const logFile = join(dir, 'service.log');
  writeFileSync(configFile, JSON.stringify(config));
  const log = openSync(logFile, 'w');
  const main = join(process.env.BENCH_DIST ?? 'dist', 'main.js');
  const child = spawn(node, [...PRODUCTION_FLAGS, ...execArgv, main], {
    stdio: ['ignore', log, 'inherit'],
    env: { PATH: process.env.PATH, CONFIG_FILE: configFile },
  });
  closeSync(log);
  const stop = owned(child);
  const url = await readyUrl(logFile, child);
  return { url, pid: child.pid, token, stop };
}

async function readyUrl(logFile, child) {
  const end = Date.now() + START_TIMEOUT_MS;
  let url;
  for (;;) {
    url ??= /"url":"([^"]+)"/.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (url !== undefined) {
      const { brokersDown } = await (await fetch(`${url}/health/ready`)).json();
      if (brokersDown.length === 0) return url;
    }
    if (Date.now() > end || child.exitCode !== null)
      throw new Error(`the service is not ready:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
