import { afterEach, beforeEach, expect } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from './free-port.js';
import { Samples } from './samples.js';
import { until } from './until.js';

/** The built service as a process whose standard output a test chooses. Run `npm run build` before. */
export class ServiceOnOutput {
  #dir = '';
  #url = '';
  #child: ChildProcess | undefined;

  /** One for each test of the file that calls this: ended after it, if it has not ended, and its folder removed. */
  static use(): ServiceOnOutput {
    const service = new ServiceOnOutput();
    beforeEach(() => {
      service.#dir = mkdtempSync(join(tmpdir(), 'service-on-output-'));
    });
    afterEach(async () => {
      const { child } = service;
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(service.#dir, { recursive: true });
    });
    return service;
  }

  get child(): ChildProcess {
    if (this.#child === undefined) throw new Error('not started');
    return this.#child;
  }

  get url(): string {
    return this.#url;
  }

  /** A path in a folder of the test's own. */
  path(name: string): string {
    return join(this.#dir, name);
  }

  /**
   * Starts it, and waits until it is live.
   *
   * @param output a file descriptor, or a pipe that the test reads
   * @param config the content of `config.yaml`
   */
  async start(output: number | 'pipe', config: string): Promise<void> {
    const port = await freePort();
    this.#url = `http://127.0.0.1:${port}`;
    writeFileSync(this.path('config.yaml'), config);
    this.#child = spawn(process.execPath, [resolve('dist/main.js')], {
      cwd: this.#dir,
      env: { PATH: process.env.PATH, PORT: String(port) },
      stdio: ['ignore', output, 'inherit'],
    });
    await until(() => this.isLive(), 'the service is live');
  }

  isLive(): Promise<boolean> {
    return fetch(`${this.#url}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async metric(name: string): Promise<number | undefined> {
    return (await Samples.scrape(this.#url)).value(name);
  }

  async stopsInTime(): Promise<void> {
    const startedAt = performance.now();
    this.child.kill('SIGTERM');
    const [code] = (await once(this.child, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  }
}
