import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../support/free-port.js';
import { Samples } from '../support/samples.js';
import { until } from '../support/until.js';

let dir: string;
let child: ChildProcess;
let url: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'standard-output-'));
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true });
});

/** Starts the service with this as its standard output. */
async function start(output: number | 'pipe'): Promise<void> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  writeFileSync(join(dir, 'config.yaml'), 'rateLimit: { unauthenticatedPerMinute: 0 }');
  child = spawn(process.execPath, [resolve('dist/main.js')], {
    cwd: dir,
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ['ignore', output, 'inherit'],
  });
  await until(() => isLive(), 'the service is live');
}

const isLive = (): Promise<boolean> =>
  fetch(`${url}/health/live`).then(
    ({ status }) => status === 200,
    () => false,
  );

const lost = async (): Promise<number> =>
  (await Samples.scrape(url)).value('log_lines_lost_total') ?? Number.NaN;

/** Makes more lines than are kept, each with its number. */
async function makeLines(): Promise<void> {
  for (let batch = 0; batch < 60 && !((await lost()) > 0); batch += 1) {
    const numbers = Array.from({ length: 50 }, (_, index) => batch * 50 + index);
    await Promise.all(
      numbers.map(async (number) => {
        const answer = await fetch(`${url}/api/${'x'.repeat(1000)}/${number}`);
        expect(answer.status).toBe(404);
        await answer.arrayBuffer();
      }),
    );
  }
}

async function stopsInTime(): Promise<void> {
  const startedAt = performance.now();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(30_000);
}

describe('standard output on a full disk', () => {
  it('does not end the service; what is lost is counted', async () => {
    const full = openSync('/dev/full', 'w');
    await start(full);
    closeSync(full);
    await makeLines();
    expect(await lost()).toBeGreaterThan(0);
    expect(await isLive()).toBe(true);
    await stopsInTime();
  });
});

describe('standard output on a pipe that nobody reads', () => {
  let reader: number;
  beforeEach(async () => {
    const path = join(dir, 'pipe');
    execFileSync('mkfifo', [path]);
    reader = openSync(path, 'r+');
    const writer = openSync(path, 'w');
    await start(writer);
    closeSync(writer);
  });
  afterEach(() => closeSync(reader));

  it('does not stop the service; what is lost is counted', async () => {
    await makeLines();
    expect(await lost()).toBeGreaterThan(0);
    expect(await isLive()).toBe(true);
    await stopsInTime();
  });

  it('tells how much was lost once it is read again; what comes out are whole lines in order', async () => {
    await makeLines();
    const before = await lost();
    const chunks: Buffer[] = [];
    const read = (): string => {
      const chunk = Buffer.alloc(65_536);
      chunks.push(chunk.subarray(0, readSync(reader, chunk)));
      return Buffer.concat(chunks).toString();
    };
    const text = await until(() => {
      const all = read();
      return /lines of the log were lost[^\n]*\n/.test(all) ? all : undefined;
    }, 'the line about it');
    const lines = text
      .slice(0, text.lastIndexOf('\n'))
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; lost?: number });
    expect(lines.find(({ msg }) => msg.includes('were lost'))?.lost).toBeGreaterThanOrEqual(before);
    expect(lines[0]?.msg).not.toContain('were lost');
  });
});

describe('standard output whose reader is gone', () => {
  it('does not end the service; what is lost is counted', async () => {
    await start('pipe');
    child.stdout?.destroy();
    await makeLines();
    expect(await lost()).toBeGreaterThan(0);
    expect(await isLive()).toBe(true);
    await stopsInTime();
  });
});
