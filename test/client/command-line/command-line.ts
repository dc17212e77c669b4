import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from '../../support/until.js';

const PROGRAM = resolve('client/bin/client-control.mjs');

/** How a run of the command line ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that goes on. */
export class Running {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Run>;

  constructor(readonly process: ChildProcess) {
    process.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    process.stdin?.on('error', () => undefined);
    this.ended = once(process, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Waits until something was written, to either of the two. */
  async says(text: RegExp): Promise<void> {
    const has = (): boolean => text.test(this.stdout) || text.test(this.stderr);
    await until(
      () => {
        if (!has() && this.process.exitCode !== null) throw new Error(`ended: ${this.stdout}${this.stderr}`);
        return has();
      },
      `the command line says ${String(text)}`,
    );
  }
}

/** The built command line as a process of its own, with profiles of its own. Run `npm run build` before. */
export class CommandLine {
  /** Where its profiles are. */
  readonly home = mkdtempSync(join(tmpdir(), 'command-line-'));
  readonly #environment: Readonly<Record<string, string>>;

  constructor(url: string, token: string, environment: Readonly<Record<string, string>> = {}) {
    const { PATH = '' } = process.env;
    this.#environment = {
      PATH,
      HOME: this.home,
      XDG_CONFIG_HOME: this.home,
      CLIENT_CONTROL_URL: url,
      CLIENT_CONTROL_TOKEN: token,
      ...environment,
    };
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  start(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    const env = { ...this.#environment, ...environment };
    return new Running(spawn(process.execPath, [PROGRAM, ...words], { env, cwd: this.home }));
  }

  /** Runs it to its end. @param input what it reads on standard input */
  async run(
    words: readonly string[],
    { input = '', ...environment }: Readonly<Record<string, string>> = {},
  ): Promise<Run> {
    const running = this.start(words, environment);
    running.process.stdin?.end(input);
    return running.ended;
  }

  /** Runs a line of the shell in which `client-control` is the command line. */
  async shell(line: string): Promise<Run> {
    const script = `client-control() { '${process.execPath}' '${PROGRAM}' "$@"; }\n${line}`;
    const shell = spawn('bash', ['-c', script], { env: this.#environment, cwd: this.home });
    shell.stdin.end();
    return new Running(shell).ended;
  }

  /** Runs it on a terminal, which types what it is told to. */
  onTerminal(words: readonly string[]): Running {
    const line = [process.execPath, PROGRAM, ...words].map((word) => `'${word}'`).join(' ');
    const terminal = spawn('script', ['-qefc', line, '/dev/null'], {
      env: this.#environment,
      cwd: this.home,
    });
    return new Running(terminal);
  }

  stop(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
