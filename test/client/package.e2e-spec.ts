import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TSC = resolve('node_modules/typescript/bin/tsc');

/** What a user of the package writes. */
const PROGRAM = `
import { ApiError, createClient, hasOutcome, isApiError, isClientNotFound } from '@mqtt-client-control/client';
import type { ClientInfo, ErrorCode, Operation, ServiceEvent } from '@mqtt-client-control/client';

const client = createClient({ url: 'http://127.0.0.1:3000', token: async () => 'demo-token' });
const path = { projectId: 'demo', brokerId: 'embedded' };

export async function kick(clientid: string): Promise<'done' | 'not-there' | 'not-sent' | 'unknown' | undefined> {
  try {
    const { data } = await client.disconnectClient({ path, body: { clientid, watchMs: 1000 } });
    const afterMs: number | undefined = data.reconnected?.afterMs;
    return afterMs === undefined ? 'done' : undefined;
  } catch (e) {
    if (isClientNotFound(e)) return e.info.clientid === clientid ? 'not-there' : undefined;
    if (hasOutcome(e)) return e.info.outcome;
    if (e instanceof ApiError && e.code === 'BROKER_TIMEOUT') return e.info.outcome;
    if (isApiError(e, 'INVALID')) console.log(e.info.issues?.map((issue) => issue.path));
    throw e;
  }
}

export async function port(clientid: string): Promise<number | undefined> {
  const { data, response } = await client.getClient({ path, query: { clientid } });
  const client_: ClientInfo = data;
  console.log(response.headers.get('X-Request-Id'), client_.subscriptionsKnown === 'all');
  return client_.listener?.port;
}

export async function many(): Promise<readonly Operation[]> {
  const call = client.bulk(path, [{ action: 'subscribe', clientid: 'a', topic: 't/#', qos: 1 }], { perSecond: 10 });
  for await (const { clientid, outcome, error } of call) {
    const code: ErrorCode | undefined = error?.code;
    if (outcome !== 'done') console.log(clientid, code);
  }
  return call.open;
}

export async function watch(): Promise<void> {
  for await (const event of client.events({ projectId: 'demo' }) satisfies AsyncIterable<ServiceEvent>) {
    if (event.type === 'client.disconnected') console.log(event.clientid, event.reason);
    else if (event.type === 'gap') console.log(event.missed);
  }
}
`;

/** Each line is a mistake that the types must find. */
const MISTAKES = [
  `client.disconnectClient({ path, body: {} });`,
  `client.disconnectClient({ path, body: { clientid: 1 } });`,
  `client.disconnectClient({ path: { projectId: 'demo' }, body: { clientid: 'a' } });`,
  `client.subscribeClient({ path, body: { clientid: 'a', topic: 't', qos: 3 } });`,
  `client.bulk(path, [{ action: 'subscribe', clientid: 'a' }]);`,
  `client.bulk(path, [{ action: 'kick', clientid: 'a' }]);`,
  `client.events({ projectId: 'demo' }, { types: ['gap'] });`,
  `client.getClient({ path, query: {} }).then(({ data }) => data.listener.port);`,
  `isApiError(new Error(), 'NO_SUCH_CODE');`,
  `createClient({ token: 'x' });`,
];

describe('the package of the typed client', () => {
  let folder = '';
  let packed: readonly string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'client-package-'));
    const pack = ['pack', resolve('client'), '--pack-destination', folder, '--json'];
    const [{ files, filename }] = JSON.parse((await run('npm', pack, { cwd: folder })).stdout) as [
      { files: { path: string }[]; filename: string },
    ];
    packed = files.map(({ path }) => path);
    const target = join(folder, 'node_modules/@mqtt-client-control/client');
    mkdirSync(target, { recursive: true });
    await run('tar', ['-xzf', join(folder, filename), '-C', target, '--strip-components=1']);
    cpSync(resolve('client/node_modules/commander'), join(folder, 'node_modules/commander'), {
      recursive: true,
    });
    const mistakes = MISTAKES.map((line) => `// @ts-expect-error\nvoid (async () => { ${line} });\n`).join(
      '',
    );
    const head = `import { createClient, isApiError } from '@mqtt-client-control/client';
declare const client: ReturnType<typeof createClient>;
const path = { projectId: 'demo', brokerId: 'embedded' };
`;
    writeFileSync(join(folder, 'program.ts'), PROGRAM);
    writeFileSync(join(folder, 'mistakes.ts'), head + mistakes);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds what was built, and nothing else', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['README.md', 'package.json', 'dist/src/index.js', 'dist/src/index.d.ts']),
    );
    expect(packed.filter((path) => /spec|tsbuildinfo|node_modules|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  it.each([
    ['a browser', 'bundler', 'preserve'],
    ['Node.js', 'nodenext', 'nodenext'],
  ])(
    'has types that know what is right and what is not, for %s',
    async (_, moduleResolution, module) => {
      const options = ['--strict', '--noEmit', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
      const target = ['--target', 'es2022', '--lib', 'es2023,dom,dom.iterable,dom.asynciterable'];
      const how = ['--module', module, '--moduleResolution', moduleResolution];
      await run(process.execPath, [TSC, ...options, ...target, ...how, 'program.ts', 'mistakes.ts'], {
        cwd: folder,
      }).catch((error: unknown) => {
        throw new Error((error as { stdout: string }).stdout);
      });
    },
    60_000,
  );

  it('brings the command line', async () => {
    const target = join(folder, 'node_modules/@mqtt-client-control/client');
    const { bin } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as {
      bin: Readonly<Record<string, string>>;
    };
    const { stdout } = await run(join(target, bin['client-control'] ?? ''), ['--version'], {
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(stdout).toBe('1.0.0\n');
  });

  it('is loaded without anything but itself', async () => {
    const script = `const { createClient } = await import('@mqtt-client-control/client');
      console.log(typeof createClient({ url: 'http://127.0.0.1:3000' }).disconnectClient);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(stdout.trim()).toBe('function');
  });
});
