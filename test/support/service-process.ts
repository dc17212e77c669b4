import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './until.js';

const MAIN = resolve('dist/main.js');

/** A line of the service's log. */
export interface LogLine {
  readonly msg: string;
  readonly url?: string;
  readonly [field: string]: unknown;
}

/** The built service as a process of its own, in an empty folder of its own, on a free port. Run `npm run build` before. */
export class ServiceProcess {
  readonly lines: LogLine[] = [];
  /** Everything on standard error. */
  errors = '';
  /** Resolves with the exit code when the process has ended. */
  readonly exited: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #dir: string;

  private constructor(process: ChildProcess, dir: string) {
    this.#process = process;
    this.#dir = dir;
    if (process.stdout === null || process.stderr === null) throw new Error('no pipes');
    createInterface(process.stdout).on('line', (line) => this.lines.push(JSON.parse(line) as LogLine));
    process.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.exited = once(process, 'close').then(([code]) => code as number | null);
  }

  /**
   * @param config the content of `config.yaml`; without it the service runs on the embedded default
   * @param environment further environment variables
   * @param main the built entry point
   */
  static spawn(
    config?: string,
    environment: Readonly<Record<string, string>> = {},
    main = MAIN,
  ): ServiceProcess {
    const dir = mkdtempSync(join(tmpdir(), 'service-'));
    if (config !== undefined) writeFileSync(join(dir, 'config.yaml'), config);
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [main], { cwd: dir, env: { PATH, PORT: '0', ...environment } });
    return new ServiceProcess(child, dir);
  }

  /** Waits until the process catches our signals. */
  async catchesSignals(): Promise<void> {
    await catchesSignals(this.#process.pid);
  }

  /** The first line whose message matches; fails when the process ends without it. */
  async line(message: RegExp): Promise<LogLine> {
    const find = (): LogLine | undefined => this.lines.find(({ msg }) => message.test(msg));
    return until(
      () => {
        const line = find();
        if (line === undefined && this.#process.exitCode !== null)
          throw new Error(`ended: ${JSON.stringify(this.lines)}`);
        return line;
      },
      `a log line ${String(message)}`,
    );
  }

  /** The base URL, once it listens. */
  async url(): Promise<string> {
    const { url } = await this.line(/^listening on /);
    return url ?? '';
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** A path in the service's folder. */
  path(name: string): string {
    return join(this.#dir, name);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it, if it has not ended, and removes its folder. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null) this.signal('SIGKILL');
    await this.exited;
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/**
 * Waits until a service catches signals: SIGHUP is the last one it does. (Node.js catches SIGTERM and SIGINT from its first
 * moment on, and then dies of them as if it did not.) Linux only.
 */
export async function catchesSignals(pid: number | undefined): Promise<void> {
  const bit = 1n << BigInt(constants.signals.SIGHUP - 1);
  await until(() => {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
    const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    return (BigInt(`0x${caught}`) & bit) !== 0n;
  }, 'a handler of signals');
}
