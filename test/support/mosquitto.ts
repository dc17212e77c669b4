import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';

const START_TIMEOUT_MS = 40_000;

export interface MosquittoOptions {
  /** Default: Debian's. */
  readonly binary?: string;
  /** Lines of mosquitto.conf. `{dir}` stands for the broker's own folder. Default: anonymous access. */
  readonly config?: readonly string[];
  /** Lines that belong to the listener: TLS, `protocol websockets`. */
  readonly listener?: readonly string[];
  /** Files to put into the broker's folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
}

/** A real Mosquitto on 127.0.0.1, with a configuration and a folder of its own. */
export class Mosquitto {
  readonly #options: MosquittoOptions;
  readonly #dir = mkdtempSync(join(tmpdir(), 'mosquitto-test-'));
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(
    options: MosquittoOptions,
    readonly port: number,
  ) {
    this.#options = options;
    for (const [name, content] of Object.entries(options.files ?? {})) {
      writeFileSync(this.path(name), content, { mode: 0o600 });
    }
    const lines = [
      `listener ${port} 127.0.0.1`,
      ...(options.listener ?? []),
      ...(options.config ?? ['allow_anonymous true']),
      'user root',
      'log_dest stderr',
      'log_type all',
    ];
    writeFileSync(this.path('mosquitto.conf'), `${lines.join('\n').replaceAll('{dir}', this.#dir)}\n`);
  }

  /** Starts a broker and waits until it listens; fails with its log if it ends instead. */
  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const broker = new Mosquitto(options, options.port ?? (await freePort()));
    await broker.start();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Everything it has logged. */
  get log(): string {
    return this.#log;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** A path in the broker's folder. */
  path(name: string): string {
    return join(this.#dir, name);
  }

  /** Starts it again, on the same port, after {@link kill}. */
  async start(): Promise<void> {
    const { binary = '/usr/sbin/mosquitto', env } = this.#options;
    const child = spawn(binary, ['-c', this.path('mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#process = child;
    const running = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Mosquitto did not start:\n${this.#log}`)),
        START_TIMEOUT_MS,
      );
      child.stderr.on('data', (chunk: Buffer) => {
        this.#log += chunk.toString();
        if (/mosquitto version \S+ running/.test(this.#log)) {
          clearTimeout(timer);
          resolve();
        }
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`Mosquitto ended with ${String(code)}:\n${this.#log}`));
      });
      child.once('error', reject);
    });
    await running;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends it at once, without a goodbye to its clients. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#log = '';
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await exited;
  }
}
