import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { ServiceOnOutput } from '../support/service-on-output.js';
import { until } from '../support/until.js';

const service = ServiceOnOutput.use();
const start = (output: number | 'pipe'): Promise<void> =>
  service.start(output, 'rateLimit: { unauthenticatedPerMinute: 0 }');

const lost = async (): Promise<number> => (await service.metric('log_lines_lost_total')) ?? Number.NaN;

/** Makes more lines than are kept, each with its number. */
async function makeLines(): Promise<void> {
  for (let batch = 0; batch < 60 && !((await lost()) > 0); batch += 1) {
    const numbers = Array.from({ length: 50 }, (_, index) => batch * 50 + index);
    await Promise.all(
      numbers.map(async (number) => {
        const answer = await fetch(`${service.url}/api/${'x'.repeat(1000)}/${number}`);
        expect(answer.status).toBe(404);
        await answer.arrayBuffer();
      }),
    );
  }
}

describe('standard output on a full disk', () => {
  it('does not end the service; what is lost is counted', async () => {
    const full = openSync('/dev/full', 'w');
    await start(full);
    closeSync(full);
    await makeLines();
    expect(await lost()).toBeGreaterThan(0);
    expect(await service.isLive()).toBe(true);
    await service.stopsInTime();
  });
});

describe('standard output on a pipe that nobody reads', () => {
  let reader: number;
  beforeEach(async () => {
    const path = service.path('pipe');
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
    expect(await service.isLive()).toBe(true);
    await service.stopsInTime();
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
    service.child.stdout?.destroy();
    await makeLines();
    expect(await lost()).toBeGreaterThan(0);
    expect(await service.isLive()).toBe(true);
    await service.stopsInTime();
  });
});
