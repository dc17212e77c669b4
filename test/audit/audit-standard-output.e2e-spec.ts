import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sha256Hex } from '../../src/auth/token-table.js';
import { freePort } from '../support/free-port.js';
import { ServiceOnOutput } from '../support/service-on-output.js';
import { until } from '../support/until.js';

type Line = Readonly<Record<string, unknown>>;

const service = ServiceOnOutput.use();

/** Starts the service with its audit trail on standard output, which is this; its only broker is not there. */
async function start(output: number | 'pipe', audit: object = { sync: true, required: true }): Promise<void> {
  const config = {
    audit: { file: '/dev/stdout', ...audit },
    rateLimit: { requestsPerMinute: 0 },
    auth: { tokens: [{ name: 't', sha256: sha256Hex('t'), grants: [{ project: 'p', role: 'admin' }] }] },
    projects: [{ id: 'p', brokers: [{ id: 'b', url: `mqtt://127.0.0.1:${await freePort()}` }] }],
  };
  await service.start(output, JSON.stringify(config));
}

async function disconnect(clientid: string): Promise<{ status: number; code: string; info?: Line }> {
  const answer = await fetch(`${service.url}/api/projects/p/brokers/b/client-control/disconnect`, {
    method: 'PUT',
    headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
    body: JSON.stringify({ clientid }),
  });
  return (await answer.json()) as { status: number; code: string; info?: Line };
}
const recordsIn = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.clientId !== undefined && line.msg === undefined);
describe('the audit trail on standard output', () => {
  it('is whole between the lines of the log where that is a file, and flushed', async () => {
    const path = service.path('out.log');
    // As a shell does with >: a second position in the file would overwrite the first.
    const output = openSync(path, 'w');
    await start(output);
    closeSync(output);
    for (let index = 0; index < 20; index += 1)
      expect((await disconnect(`client-${index}`)).status).toBe(503);
    const records = recordsIn(readFileSync(path, 'utf8'));
    expect(records.map(({ clientId }) => clientId)).toEqual(
      Array.from({ length: 20 }, (_, index) => [`client-${index}`, `client-${index}`]).flat(),
    );
    expect(await service.metric('audit_write_failures_total')).toBe(0);
    await service.stopsInTime();
  });

  it('is whole between the lines of the log where that is a socket, as under systemd', async () => {
    await start('pipe');
    let text = '';
    service.child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await Promise.all(Array.from({ length: 200 }, (_, index) => disconnect(`client-${index}`)));
    await until(() => recordsIn(text.slice(0, text.lastIndexOf('\n'))).length === 400, 'all records');
    expect(await service.metric('audit_write_failures_total')).toBe(0);
    await service.stopsInTime();
  });

  it('that nobody takes any more has actions refused rather than lost', async () => {
    await start('pipe');
    service.child.stdout?.destroy();
    const answer = await until(async () => {
      const refused = await disconnect('a');
      return refused.code === 'INTERNAL_ERROR' ? refused : undefined;
    }, 'a refusal');
    expect(answer.info).toMatchObject({ outcome: 'not-sent' });
    expect(await service.metric('audit_write_failures_total')).toBeGreaterThan(0);
    expect(await service.metric('audit_store_up')).toBe(0);
    await service.stopsInTime();
  });
});

describe('the audit trail on a pipe that nobody reads', () => {
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

  /** Reads what is there. */
  const read = (): string => {
    const chunk = Buffer.alloc(1_048_576);
    return chunk.toString('utf8', 0, readSync(reader, chunk));
  };

  it('has actions refused within the deadline, and taken again when it is read', async () => {
    expect((await disconnect('first')).code).toBe('BROKER_UNAVAILABLE');
    let text = '';
    let count = 0;
    const refused = await until(async () => {
      count += 50;
      const begun = performance.now();
      const answers = await Promise.all(Array.from({ length: 50 }, () => disconnect('x'.repeat(400))));
      expect(performance.now() - begun).toBeLessThan(30_000);
      return answers.find(({ code }) => code === 'INTERNAL_ERROR');
    }, 'a refusal');
    expect(refused.info).toMatchObject({ outcome: 'not-sent' });
    expect(await service.metric('audit_write_failures_total')).toBeGreaterThan(0);
    expect(await service.isLive()).toBe(true);
    const back = await until(async () => {
      text += read();
      return (await disconnect('back')).code === 'BROKER_UNAVAILABLE';
    }, 'that it goes on');
    expect(back).toBe(true);
    text += read();
    expect(recordsIn(text).length).toBeGreaterThan(10);
    expect(count).toBeGreaterThan(0);
  });

  it('keeps no shutdown waiting', async () => {
    await until(async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => disconnect('x'.repeat(400))));
      return answers.some(({ code }) => code === 'INTERNAL_ERROR');
    }, 'a refusal');
    await service.stopsInTime();
  });
});
