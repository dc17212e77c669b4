import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ServiceProcess } from '../support/service-process.js';

const PAGE = 'docs/adding-an-operation.md';
const BLOCK = /^```(ts|diff) (\S+)\n([\s\S]*?)^```$/gm;

/** A step of the page: a new file, or a change of one. */
interface Step {
  readonly kind: string;
  readonly file: string;
  readonly text: string;
}

const steps: Step[] = [...readFileSync(PAGE, 'utf8').matchAll(BLOCK)].map(
  ([, kind = '', file = '', text = '']) => ({ kind, file, text }),
);

/** The lines of a diff that stand on one side of it. */
function side(diff: string, sign: '+' | '-'): string {
  const lines = diff
    .split('\n')
    .filter((line) => line === '' || line.startsWith(sign) || line.startsWith(' '));
  return lines.map((line) => line.slice(1)).join('\n');
}

function take({ kind, file, text }: Step, root: string): void {
  const path = join(root, file);
  if (kind === 'ts') {
    writeFileSync(path, text);
    return;
  }
  const parts = readFileSync(path, 'utf8').split(side(text, '-'));
  if (parts.length !== 2) throw new Error(`${PAGE}: ${file} has not exactly one place for\n${text}`);
  writeFileSync(path, parts.join(side(text, '+')));
}

/** What somebody gets who knows only the page. */
describe(PAGE, () => {
  let root: string;
  let service: ServiceProcess;
  let url: string;

  beforeAll(async () => {
    // In here, so that the packages are found.
    mkdirSync('.cache', { recursive: true });
    root = mkdtempSync(resolve('.cache', 'adding-an-operation-'));
    cpSync('src', join(root, 'src'), { recursive: true });
    for (const file of ['package.json', 'tsconfig.json', 'tsconfig.build.json'])
      cpSync(file, join(root, file));
    for (const step of steps) take(step, root);
    await promisify(execFile)(resolve('node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')]);
    service = ServiceProcess.spawn(undefined, {}, join(root, 'dist/main.js'));
    url = await service.url();
  }, 180_000);
  afterAll(async () => {
    await service.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const ping = (clientid: string): Promise<Response> =>
    fetch(`${url}/api/projects/demo/brokers/embedded/client-control/ping`, {
      method: 'PUT',
      headers: { authorization: 'Bearer demo-token', 'content-type': 'application/json' },
      body: JSON.stringify({ clientid }),
    });

  it('touches at most six files outside the tests, the written documents included', () => {
    const touched = new Set(steps.map(({ file }) => file));
    touched.add('openapi.json');
    expect(touched.size).toBeLessThanOrEqual(6);
    expect(new Set(steps.map(({ file }) => dirname(file))).size).toBeGreaterThan(1);
  });

  it('gives an operation that does its work and knows every refusal', async () => {
    expect((await ping('sensor-1')).status).toBe(204);
    expect(await (await ping('never was here')).json()).toMatchObject({ code: 'CLIENT_NOT_FOUND' });
    expect(await (await ping('')).json()).toMatchObject({
      code: 'INVALID',
      info: { issues: [{ path: 'clientid', message: 'must not be empty' }] },
    });
  });

  it('documents, counts and logs it', async () => {
    await ping('sensor-2');
    const document = (await (await fetch(`${url}/api/docs-json`)).json()) as {
      readonly paths: Readonly<Record<string, { readonly put?: { readonly operationId: string } }>>;
    };
    const path = '/api/projects/{projectId}/brokers/{brokerId}/client-control/ping';
    expect(document.paths[path]?.put?.operationId).toBe('pingClient');
    expect(JSON.stringify(document)).toContain('`unsubscribe`, `ping`');
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
      /commands_total\{.*command="pingClient",outcome="OK"/,
    );
    const line = service.lines.find(({ msg, action }) => msg === 'request' && action === 'ping');
    expect(line).toMatchObject({ clientId: 'sensor-1', outcome: 'OK' });
  });
});
