import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Ports below those that the kernel gives to connections and to listeners on port 0 (from 32768 on), so that none of these takes
 * the port between the moment that it was found free and the moment that it is used. Each of Jest's workers has its own.
 */
const FIRST = 12_000;
const PORTS_PER_WORKER = 2500;
const WORKERS = 8;

const first = FIRST + (Number(process.env.JEST_WORKER_ID ?? 1) % WORKERS) * PORTS_PER_WORKER;
/** Begins anywhere: two runs on one machine do not look for the same ports. */
let next = Math.floor(Math.random() * PORTS_PER_WORKER);

/** A TCP port on 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS_PER_WORKER; tries += 1) {
    const port = first + next;
    next = (next + 1) % PORTS_PER_WORKER;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${first} on is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
