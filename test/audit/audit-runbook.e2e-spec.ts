import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceProcess } from '../support/service-process.js';

const run = promisify(execFile);

describe('the runbook "Who kicked what last night?", as it stands on the default setup', () => {
  let service: ServiceProcess;
  let prelude: string;
  let steps: string[];

  beforeAll(async () => {
    service = ServiceProcess.spawn();
    const url = await service.url();
    const text = readFileSync('docs/audit.md', 'utf8');
    const section = text.slice(text.indexOf('## Who kicked what last night?'), text.indexOf('## A record'));
    const blocks = [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) =>
      block.replace(/^ {3}/gm, ''),
    );
    const [first = '', ...rest] = blocks;
    expect(first).toContain('URL=http://127.0.0.1:3000 ');
    // Only the port is another one.
    const script = first.replace('http://127.0.0.1:3000', url);
    await run('bash', ['-euo', 'pipefail', '-c', script]);
    prelude = script.split('\n')[0] ?? '';
    steps = rest;
  });
  afterAll(() => service.stop());

  /** Runs the steps up to one, in one shell as a person would, and returns what that one printed. */
  async function outputOf(step: number): Promise<string> {
    const before = steps.slice(0, step).map((block) => `{ ${block} } >/dev/null`);
    const script = [prelude, ...before, steps[step]].join('\n');
    return (await run('bash', ['-euo', 'pipefail', '-c', script])).stdout;
  }

  it('lists who disconnected which clients, from where, how it ended, and why', async () => {
    const rows = (await outputOf(0))
      .replace(/\n$/, '')
      .split('\n')
      .map((row) => row.split('\t'));
    expect(rows.map((row) => row.slice(1))).toEqual([
      ['demo', '127.0.0.1', 'demo', 'embedded', 'sensor-3', 'OK', 'x'],
      ['demo', '127.0.0.1', 'demo', 'embedded', 'sensor-2', 'OK', 'x'],
      ['demo', '127.0.0.1', 'demo', 'embedded', 'sensor-1', 'OK', ''],
    ]);
  });

  it('tells what happened to one client', async () => {
    expect(await outputOf(1)).toMatch(/^\S+\tdemo\tdisconnect\tOK\n$/);
  });

  it('finds the call that a record belongs to', async () => {
    const lines = (await outputOf(2))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown[]);
    expect(lines.map((line) => line.slice(0, 5))).toEqual([
      ['bulk', null, null, 'OK', 'x'],
      ['disconnect', 1, 'sensor-3', 'OK', 'x'],
      ['disconnect', 0, 'sensor-2', 'OK', 'x'],
    ]);
    expect(lines[0]?.[5]).toMatchObject({ summary: { total: 2, done: 2 } });
  });

  it('reads page after page until there is no more', async () => {
    const rows = (await outputOf(3))
      .trimEnd()
      .split('\n')
      .map((row) => row.replace(/^\S+ /, ''));
    expect(rows).toEqual(['bulk ', 'disconnect sensor-3', 'disconnect sensor-2', 'disconnect sensor-1']);
  });

  it('tells how far back the trail goes, and whose it is', async () => {
    const output = await outputOf(4);
    expect(output).toMatch(/^x-audit-source: memory; replica="/im);
    expect(output).toMatch(/^x-audit-oldest: \d{4}-/im);
  });
});
