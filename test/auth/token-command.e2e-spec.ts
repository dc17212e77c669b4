import { afterAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { sha256Hex } from '../../src/auth/token-table.js';
import { ServiceProcess } from '../support/service-process.js';

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function tokenCommand(...options: string[]): Promise<Result> {
  const child = spawn(process.execPath, ['client/bin/client-control.mjs', 'token', ...options]);
  child.stdin.end();
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

/** The token and the YAML lines that a run printed. */
function printed({ status, stdout, stderr }: Result): { token: string; yaml: string } {
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const token = /^ {2}(\S{43})$/m.exec(stdout)?.[1] ?? '';
  return { token, yaml: stdout.slice(stdout.indexOf('    - name:')) };
}

describe('client-control token, which is npm run token', () => {
  it('prints a token, and only its SHA-256 in the lines to paste', async () => {
    const { token, yaml } = printed(
      await tokenCommand('--name', 'ops', '--role', 'editor', '--project', 'plant-a'),
    );
    expect(yaml).toContain(sha256Hex(token));
    expect(yaml).not.toContain(token);
    expect(parse(yaml)).toEqual([
      { name: 'ops', sha256: sha256Hex(token), grants: [{ project: 'plant-a', role: 'editor' }] },
    ]);
  });

  it('makes a different token each time', async () => {
    const run = async (): Promise<string> =>
      printed(await tokenCommand('--name', 'a', '--role', 'viewer', '--project', '*')).token;
    expect(await run()).not.toBe(await run());
  });

  it('takes brokers, an end, every project, and a name that YAML would misread', async () => {
    const options = ['--name', 'yes: "no" #1', '--role', 'admin', '--expires', '2027-06-30T02:00:00+02:00'];
    const some = printed(
      await tokenCommand(...options, '--project', 'p', '--broker', 'a', '--broker', '1.0'),
    );
    expect(parse(some.yaml)).toEqual([
      {
        name: 'yes: "no" #1',
        sha256: sha256Hex(some.token),
        expiresAt: '2027-06-30T00:00:00.000Z',
        grants: [{ project: 'p', role: 'admin', brokers: ['a', '1.0'] }],
      },
    ]);
    const all = printed(await tokenCommand(...options, '--project', '*'));
    expect(parse(all.yaml)).toMatchObject([{ grants: [{ project: '*' }] }]);
  });

  it('takes projects for text that YAML would take for something else', async () => {
    const projects = ['123', '1.5', 'true', 'null', '0x1F', '1e3'];
    const runs = await Promise.all(
      projects.map((project) => tokenCommand('--name', 'a', '--role', 'viewer', '--project', project)),
    );
    const told = runs.map((run) => (parse(printed(run).yaml) as { grants: { project: unknown }[] }[])[0]);
    expect(told.map((token) => token?.grants[0]?.project)).toEqual(projects);
  });

  it('ends with 2, and says what is wrong', async () => {
    const right = ['--name', 'a', '--role', 'editor', '--project', 'p'];
    const wrong: readonly (readonly [RegExp, readonly string[]])[] = [
      [/--name/, []],
      [/--name/, ['--role', 'editor', '--project', 'p']],
      [/--role/, ['--name', 'a', '--project', 'p']],
      [/--role/, [...right, '--role', 'root']],
      [/--project/, ['--name', 'a', '--role', 'editor']],
      [/--project/, [...right, '--project', 'a/b']],
      [/--broker/, [...right, '--broker', ']']],
      [/--broker/, [...right, '--project', '*', '--broker', 'b']],
      [/--expires/, [...right, '--expires', 'soon']],
      [/nmae/, [...right, '--nmae', 'a']],
      [/too many/, [...right, 'ops']],
    ];
    const runs = await Promise.all(wrong.map(([, options]) => tokenCommand(...options)));
    for (const [at, { status, stdout, stderr }] of runs.entries()) {
      expect({ options: wrong[at]?.[1], status, stdout }).toEqual({
        options: wrong[at]?.[1],
        status: 2,
        stdout: '',
      });
      expect(stderr).toMatch(wrong[at]?.[0] ?? '');
      expect(stderr).not.toContain('    at ');
    }
  });

  describe('pasted into a configuration', () => {
    let service: ServiceProcess;
    afterAll(() => service.stop());

    it('lets the token in', async () => {
      const options = [
        '--name',
        'ops',
        '--role',
        'viewer',
        '--project',
        'plant-a',
        '--expires',
        '2099-01-01T00:00:00Z',
      ];
      const { token, yaml } = printed(await tokenCommand(...options));
      service = ServiceProcess.spawn(`projects:\n  - id: plant-a\nauth:\n  tokens:\n${yaml}`);
      const url = await service.url();
      const get = (bearer: string): Promise<Response> =>
        fetch(`${url}/api/projects`, { headers: { authorization: `Bearer ${bearer}` } });
      expect(await (await get(token)).json()).toEqual([{ id: 'plant-a', name: 'plant-a' }]);
      expect((await get(sha256Hex(token))).status).toBe(401);
    });
  });
});
