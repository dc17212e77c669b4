// Child processes of the benchmark: each is started by this process, and ended by its pid.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const START_TIMEOUT_MS = 20_000;
const KILL_AFTER_MS = 5000;
const running = new Set();

/**
 * A child process that says over IPC when it is ready.
 *
 * @typedef {object} Child
 * @property {number} pid
 * @property {any} ready what the child sent when it was ready
 * @property {(message: object) => void} send
 * @property {() => Promise<any>} nextMessage
 * @property {() => Promise<void>} stop ends it: SIGTERM, then SIGKILL after five seconds
 */

/**
 * Starts a Node script with IPC and waits for its first message.
 *
 * @param {string} script
 * @param {string[]} args
 * @param {{ node?: string }} options the Node to run it with
 * @returns {Promise<Child>}
 */
export async function startScript(script, args = [], { node = process.execPath } = {}) {
  const child = spawn(node, [script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const stop = owned(child);
  const nextMessage = async () => (await orExit(child, 'message', AbortSignal.timeout(600_000)))[0];
  const [ready] = await orExit(child, 'message', AbortSignal.timeout(START_TIMEOUT_MS));
  return { pid: child.pid, ready, send: (message) => child.send(message), nextMessage, stop };
}

/** Takes charge of a child: it is ended with this process at the latest. Returns the function that ends it. */
export function owned(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return async () => {
    if (!running.has(child)) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    await exited;
    clearTimeout(timer);
  };
}

/** Waits for an event of a child; fails when the child ends first. */
async function orExit(child, event, signal) {
  const done = new AbortController();
  const gone = once(child, 'exit', { signal: done.signal }).then(([code]) => {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${String(code)}`);
  });
  try {
    return await Promise.race([once(child, event, { signal }), gone]);
  } finally {
    done.abort();
    gone.catch(() => undefined);
  }
}

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
