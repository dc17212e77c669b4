import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceProcess } from '../../support/service-process.js';
import { until } from '../../support/until.js';

const run = promisify(execFile);
const PAGE = readFileSync('docs/runbooks.md', 'utf8');

/** The commands of a section, step by step. */
function stepsOf(section: string): string[] {
  const text = PAGE.split(/^## /m).find((part) => part.startsWith(section)) ?? '';
  return [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block.replace(/^ {3}/gm, ''));
}

describe('docs/runbooks.md, as it stands on the default setup', () => {
  let service: ServiceProcess;
  let prelude: string;

  beforeAll(async () => {
    service = ServiceProcess.spawn();
    const url = await service.url();
    const [first = ''] = [...PAGE.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block);
    // Only the port is another one.
    prelude = first.replace('http://127.0.0.1:3000', url);
  });
  afterAll(() => service.stop());

  /** Runs a section in one shell, as a person would; what each step printed. */
  async function follow(section: string): Promise<string[]> {
    const steps = stepsOf(section);
    const script = [prelude, ...steps.flatMap((step) => [step, "printf '\\0'"])].join('\n');
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script]);
    return stdout.split('\0').slice(0, steps.length);
  }

  it('finds a device, kicks it, keeps it out, and lets it in again', async () => {
    const [found, banned, gone, lifted] = await follow('A device is compromised');
    expect(JSON.parse(found ?? '')).toMatchObject({
      clients: [{ project: 'demo', broker: 'embedded', clientid: 'pump-07', connected: true }],
      notAnswered: [],
    });
    expect(JSON.parse(banned ?? '')).toEqual({
      broker: 'embedded',
      status: 200,
      disconnected: ['pump-07'],
      error: null,
    });
    expect(JSON.parse(gone ?? '')).toEqual({ found: 0, notAnswered: [] });
    expect(JSON.parse(lifted ?? '')).toEqual({ broker: 'embedded', status: 204 });
  });

  it('disconnects all clients of a user name, once', async () => {
    const [dryRun, kicked, failed] = await follow('All clients of one user name');
    expect(JSON.parse(dryRun ?? '')).toMatchObject({ count: 18, notAnswered: [] });
    expect(JSON.parse(kicked ?? '')).toEqual({ total: 18, done: 18, failed: 0, notSent: 0, unknown: 0 });
    expect(failed).toBe('');
  });

  it('moves the gateways to a new topic', async () => {
    const isBack = async (): Promise<boolean> => {
      const answer = await fetch(`${await service.url()}/api/clients?clientid=gw-*&connected=true`, {
        headers: { authorization: 'Bearer demo-token' },
      });
      return ((await answer.json()) as { readonly clients: readonly object[] }).clients.length === 18;
    };
    await until(isBack, 'they come back after they were disconnected');
    const [standing, moved, proof, count] = await follow('Gateways move');
    expect(JSON.parse(standing ?? '')).toMatchObject({ skipped: 0, replaced: false });
    expect(JSON.parse(moved ?? '')).toMatchObject({ summary: { total: 18, done: 18 } });
    expect(JSON.parse(proof ?? '')).toEqual([{ topic: 'fleet/gw-01/commands', by: 'standing' }]);
    expect(Number(count)).toBeGreaterThanOrEqual(18);
  });
});
