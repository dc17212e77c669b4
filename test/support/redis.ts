import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { RedisCounter } from '../../src/rate-limit/redis-counter.js';
import { freePort } from './free-port.js';
import type { TestService } from './test-service.js';
import { until } from './until.js';

const START_TIMEOUT_MS = 40_000;

/**
 * Gives the commands of a service to Redis all the time that a busy machine takes. Those that are under way, and what was
 * told of Redis before, are as they are.
 */
export function allowSlowCommands(service: TestService): void {
  const { client } = service.app.get(RedisCounter);
  if (client === undefined) throw new Error('the service has no Redis');
  client.options.commandTimeout = START_TIMEOUT_MS;
}

/** Waits until a service is connected to its Redis. */
export async function connectedToRedis(service: TestService): Promise<void> {
  await until(() => service.app.get(RedisCounter).client?.status === 'ready', 'Redis is connected');
}

/** A real Redis on 127.0.0.1 that keeps nothing on the disk. */
export class RedisServer {
  readonly #dir = mkdtempSync(join(tmpdir(), 'redis-test-'));
  #process: ChildProcess | undefined;

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const redis = new RedisServer(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again, on the same port and empty, after {@link kill}. */
  async start(...more: string[]): Promise<void> {
    const options = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--dir',
      this.#dir,
      ...more,
    ];
    const child = spawn('/usr/bin/redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => reject(new Error(`Redis did not start:\n${log}`));
      const timer = setTimeout(fail, START_TIMEOUT_MS);
      child.stdout.on('data', (chunk: Buffer) => {
        log += chunk.toString();
        if (!log.includes('Ready to accept connections')) return;
        clearTimeout(timer);
        resolve();
      });
      child.once('exit', fail);
      child.once('error', reject);
    });
  }

  /** Makes the user of least permissions, as the documentation says. @returns the URL to log in with as that user */
  async documentedUser(): Promise<string> {
    const documentation = readFileSync('docs/limits-and-reload.md', 'utf8');
    const [, rules = '', name = '', password = ''] =
      /^ACL (SETUSER (\S+) on >(\S+) .+)$/m.exec(documentation) ?? [];
    const client = new Redis(this.url);
    await client.call('ACL', ...rules.split(' '));
    client.disconnect();
    return `redis://${name}:${password}@127.0.0.1:${this.port}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
