// Load from wrk, a process of its own written in C: it costs little of the machine that it measures.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { owned } from './child.mjs';
import { cpuMs, memoryMb } from './process-usage.mjs';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
/** wrk counts slower answers as errors. */
const TIMEOUT_S = 20;

/**
 * What a run showed.
 *
 * @typedef {object} Result
 * @property {number} perSecond requests
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} cpuUs CPU time of the server per request, microseconds
 * @property {number} rssMb resident memory of the server at the end
 * @property {number} peakRssMb the most it ever had
 */

/**
 * Sends control requests for some seconds, each connection the next one when it has its answer.
 *
 * @param {{ url: string, pid: number, body: string, token: string, path: string, isRefused?: boolean }} target
 * @param {{ connections: number, seconds: number, pauseMs?: number, brokers?: number, clients?: number }} options
 * @returns {Promise<Result>}
 * @throws {Error} when any request did not end as the target says (`isRefused`: with an error; else with a 2xx): such
 *   figures would mean nothing
 */
export async function load(target, { connections, seconds, pauseMs = 0, brokers = 1, clients = 1 }) {
  const child = spawn(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, `--timeout=${TIMEOUT_S}s`, '-s', SCRIPT, target.url],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        BENCH_PATH: target.path,
        BENCH_BODY: target.body,
        BENCH_TOKEN: target.token,
        BENCH_BROKERS: String(brokers),
        BENCH_CLIENTS: String(clients),
        BENCH_PAUSE_MS: String(pauseMs),
      },
    },
  );
  owned(child);
  const cpuBefore = cpuMs(target.pid);
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  const cpu = cpuMs(target.pid) - cpuBefore;
  const line = /^RESULT (.*)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk gave no result:\n${output}`);
  const { requests, durationMs, p50Ms, p99Ms, refused, lost } = JSON.parse(line);
  const isAsExpected = lost === 0 && refused === (target.isRefused === true ? requests : 0);
  if (!isAsExpected || requests === 0)
    throw new Error(
      `of ${requests} requests at ${connections} connections, ${refused} were refused and ${lost} got no answer`,
    );
  const { now, peak } = memoryMb(target.pid);
  return {
    perSecond: (requests / durationMs) * 1000,
    p50Ms,
    p99Ms,
    cpuUs: (cpu / requests) * 1000,
    rssMb: now,
    peakRssMb: peak,
  };
}
