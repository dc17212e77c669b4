import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectError } from '../support/expect-error.js';
import { expectShortTurns } from '../support/longest-turn.js';
import { sized } from '../support/test-form.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';

type Entry = Readonly<Record<string, unknown>>;

let dir: string;
let file: string;
let service: TestService;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'audit-test-'));
  file = join(dir, 'audit.log');
  service = await TestService.start({ config: { audit: { file } } });
});
afterEach(async () => {
  await service.stop();
  rmSync(dir, { recursive: true, force: true });
});

const line = (second: number, more: object = {}): string =>
  `${JSON.stringify({
    time: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString(),
    project: 'p',
    broker: 'b',
    action: 'disconnect',
    clientId: `client-${second}`,
    outcome: 'OK',
    ...more,
  })}\n`;
/** Lines of the seconds from one to another. */
const lines = (first: number, last: number): string =>
  Array.from({ length: last - first + 1 }, (_, index) => line(first + index)).join('');
const read = (query = ''): Promise<Answer> => service.get(`/api/projects/p/audit?${query}`, TOKENS.admin);
const secondsOf = ({ body }: Answer): number[] =>
  (body as Entry[]).map(({ clientId }) => Number(String(clientId).replace('client-', '')));
const downFrom = (last: number): number[] => Array.from({ length: last + 1 }, (_, index) => last - index);
const put = (name: string, text: string): void =>
  writeFileSync(join(dir, name), name.endsWith('.gz') ? gzipSync(text) : text);

async function readAll(limit: number, between: (page: number) => void = () => undefined): Promise<number[]> {
  const seen: number[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null; page += 1) {
    const answer: Answer = await read(`limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    expect(answer.status).toBe(200);
    seen.push(...secondsOf(answer));
    cursor = answer.headers.get('x-next-cursor');
    between(page);
  }
  return seen;
}

describe('files that were rotated away are read', () => {
  it.each([
    ['with numbers', ['audit.log.2.gz', 'audit.log.1']],
    ['with more than nine', ['audit.log.10.gz', 'audit.log.9.gz']],
    ['with dates', ['audit.log-20261125.gz', 'audit.log-20261126']],
    ['with dates and hours', ['audit.log-20261126-0900.gz', 'audit.log-20261126-1000']],
    ['with ISO dates before the extension', ['audit-2026-11-25.log.gz', 'audit-2026-11-26.log']],
  ])('newest first, %s', async (_how, [oldest = '', older = '']) => {
    put(oldest, lines(0, 9));
    put(older, lines(10, 19));
    put('audit.log', lines(20, 29));
    // None of the trail's.
    for (const name of ['audit.log.bak', 'other.log.1', 'audit.log.1.tmp', 'xaudit.log.1'])
      put(name, lines(90, 99));
    const answer = await read('limit=1000');
    expect(secondsOf(answer)).toEqual(downFrom(29));
    expect(answer.headers.get('x-audit-oldest')).toBe('2026-01-01T00:00:00.000Z');
    expect(await readAll(7)).toEqual(downFrom(29));
  });

  it('by the time of the last write where numbers and dates meet', async () => {
    put('audit.log-20261126', lines(0, 9));
    put('audit.log.1', lines(10, 19));
    put('audit.log', lines(20, 29));
    utimesSync(join(dir, 'audit.log-20261126'), 1000, 1000);
    utimesSync(join(dir, 'audit.log.1'), 2000, 2000);
    expect(secondsOf(await read())).toEqual(downFrom(29));
  });

  it('once where the path is a link to the file of the day', async () => {
    put('audit-20261125.log', lines(0, 9));
    put('audit-20261126.log', lines(10, 19));
    rmSync(file);
    symlinkSync('audit-20261126.log', file);
    expect(secondsOf(await read())).toEqual(downFrom(19));
    expect(await readAll(7)).toEqual(downFrom(19));
  });

  it('when nothing was written since', async () => {
    put('audit.log.1', lines(0, 9));
    rmSync(file);
    const answer = await read();
    expect(secondsOf(answer)).toEqual(downFrom(9));
    expect(answer.headers.get('x-audit-oldest')).toBe('2026-01-01T00:00:00.000Z');
  });

  it('as far as they go, when one is damaged, unfinished or being compressed', async () => {
    const whole = gzipSync(lines(0, 9999));
    writeFileSync(join(dir, 'audit.log.3.gz'), whole.subarray(0, whole.length / 2));
    put('audit.log.2', lines(10_000, 10_004));
    writeFileSync(join(dir, 'audit.log.2.gz'), gzipSync(lines(10_000, 10_004)).subarray(0, 20));
    put('audit.log.1', 'not a record\n');
    put('audit.log', `${lines(10_005, 10_009)}{"time":`);
    const answer = await read('limit=1000');
    const seen = secondsOf(answer);
    expect(seen.slice(0, 10)).toEqual(downFrom(10_009).slice(0, 10));
    expect(seen[10]).toBeGreaterThan(100);
    expect(answer.headers.get('x-malformed-lines')).toBe('2');
  });

  it('not at all when one must not be read: an answer that leaves it out would be a lie', async () => {
    put('audit.log', lines(0, 0));
    // Root may read everything, but follows no link that leads to itself.
    symlinkSync('audit.log.1', `${file}.1`);
    expectError(await read(), 'AUDIT_NOT_AVAILABLE');
  });
});

describe('a cursor', () => {
  it('stays where it was while files are rotated and compressed', async () => {
    put('audit.log.1', lines(0, 19));
    put('audit.log', lines(20, 59));
    const steps: (() => void)[] = [
      () => appendFileSync(file, lines(60, 61)),
      () => {
        renameSync(`${file}.1`, `${file}.2`);
        renameSync(file, `${file}.1`);
        appendFileSync(file, lines(62, 63));
      },
      () => {
        put('audit.log.1.gz', readFileSync(`${file}.1`, 'utf8'));
        rmSync(`${file}.1`);
      },
      () => {
        put('audit.log.2.gz', readFileSync(`${file}.2`, 'utf8'));
        rmSync(`${file}.2`);
        // A new file may get the number of one that is gone.
        renameSync(file, `${file}.new`);
        writeFileSync(file, lines(64, 65));
        rmSync(`${file}.new`);
      },
    ];
    expect(await readAll(7, (page) => steps[page]?.())).toEqual(downFrom(59));
  });

  it('finds nothing more when what was older is gone', async () => {
    put('audit.log.1', lines(0, 19));
    put('audit.log', lines(20, 20));
    const answer = await read('limit=5');
    rmSync(`${file}.1`);
    const next = await read(`cursor=${String(answer.headers.get('x-next-cursor'))}`);
    expect([next.status, next.body, next.headers.get('x-next-cursor')]).toEqual([200, [], null]);
  });
});

describe('long files', () => {
  const rss = (): number => process.memoryUsage().rss;

  it('of large lines are read eight times at once in bounded memory, by callers that do not read', async () => {
    const large = line(0, { topic: 'x'.repeat(200_000) });
    writeFileSync(file, '');
    for (let part = 0; part < sized(10, 20); part += 1) appendFileSync(file, large.repeat(100));
    await read('limit=1000');
    const before = rss();
    const readers = Array.from({ length: 8 }, () =>
      fetch(`${service.url}/api/projects/p/audit?limit=1000`, {
        headers: { authorization: `Bearer ${TOKENS.admin}` },
      }),
    );
    const answers = await Promise.all(readers);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    // Eight pages, and garbage; the file eight times would be 800.
    expect((rss() - before) / 1e6).toBeLessThan(400);
    for (const answer of answers) {
      expect(answer.headers.get('x-next-cursor')).not.toBeNull();
      expect((await answer.text()).length).toBeLessThan(1_300_000);
    }
  });

  it('never hold the event loop, however rare what is looked for', async () => {
    writeFileSync(file, '');
    for (let part = 0; part < sized(10, 20); part += 1) appendFileSync(file, lines(0, 9999));
    put('audit.log.1.gz', lines(0, sized(50_000, 100_000) - 1));
    for (const query of ['clientid=nobody', 'from=2035-01-01T00:00:00Z', 'outcome=INVALID&started=true']) {
      // Some 10 ms on a machine with nothing else to do.
      await expectShortTurns(async () => expect((await read(query)).body).toEqual([]), 250, 3);
    }
  });
});
