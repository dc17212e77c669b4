import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { parse } from 'yaml';
import { sha256Hex } from '../../src/auth/token-table.js';
import { ServiceProcess } from '../support/service-process.js';

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function tokenCommand(...options: string[]): Result {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/token.mjs', ...options], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** The token and the YAML lines that a run printed. */
function printed({ status, stdout, stderr }: Result): { token: string; yaml: string } {
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const token = /^ {2}(\S{43})$/m.exec(stdout)?.[1] ?? '';
  return { token, yaml: stdout.slice(stdout.indexOf('    - name:')) };
}

describe('npm run token', () => {
  it('prints a token, and only its SHA-256 in the lines to paste', () => {
    const { token, yaml } = printed(
      tokenCommand('--name', 'ops', '--role', 'editor', '--project', 'plant-a'),
    );
    expect(yaml).toContain(sha256Hex(token));
    expect(yaml).not.toContain(token);
    expect(parse(yaml)).toEqual([
      { name: 'ops', sha256: sha256Hex(token), grants: [{ project: 'plant-a', role: 'editor' }] },
    ]);
  });

  it('makes a different token each time', () => {
    const run = (): string =>
      printed(tokenCommand('--name', 'a', '--role', 'viewer', '--project', '*')).token;
    expect(run()).not.toBe(run());
  });

  it('takes brokers, an end, every project, and a name that YAML would misread', () => {
    const options = ['--name', 'yes: "no" #1', '--role', 'admin', '--expires', '2027-06-30T02:00:00+02:00'];
    const some = printed(tokenCommand(...options, '--project', 'p', '--broker', 'a', '--broker', '1.0'));
    expect(parse(some.yaml)).toEqual([
      {
        name: 'yes: "no" #1',
        sha256: sha256Hex(some.token),
        expiresAt: '2027-06-30T00:00:00.000Z',
        grants: [{ project: 'p', role: 'admin', brokers: ['a', '1.0'] }],
      },
    ]);
    const all = printed(tokenCommand(...options, '--project', '*'));
    expect(parse(all.yaml)).toMatchObject([{ grants: [{ project: '*' }] }]);
  });

  it.each(['123', '1.5', 'true', 'null', '0x1F', '1e3'])('takes the project %s for text', (project) => {
    const { yaml } = printed(tokenCommand('--name', 'a', '--role', 'viewer', '--project', project));
    expect(parse(yaml)).toMatchObject([{ grants: [{ project }] }]);
  });

  it.each([
    ['no options', [], /--name/],
    ['no name', ['--role', 'editor', '--project', 'p'], /--name/],
    ['no role', ['--name', 'a', '--project', 'p'], /--role/],
    ['an unknown role', ['--name', 'a', '--role', 'root', '--project', 'p'], /--role/],
    ['no project', ['--name', 'a', '--role', 'editor'], /--project/],
    ['a project that is no id', ['--name', 'a', '--role', 'editor', '--project', 'a/b'], /--project/],
    [
      'a broker that is no id',
      ['--name', 'a', '--role', 'editor', '--project', 'p', '--broker', ']'],
      /--broker/,
    ],
    [
      'a broker of every project',
      ['--name', 'a', '--role', 'editor', '--project', '*', '--broker', 'b'],
      /--broker/,
    ],
    [
      'an end that is no date',
      ['--name', 'a', '--role', 'editor', '--project', 'p', '--expires', 'soon'],
      /--expires/,
    ],
    ['an unknown option', ['--nmae', 'a'], /nmae/],
    ['an argument too many', ['ops'], /ops/],
  ])('exits with 1 and its usage for %s', (_what, options, message) => {
    const { status, stdout, stderr } = tokenCommand(...options);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toContain('Usage: npm run token');
    expect(stderr).not.toContain('    at ');
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
      const { token, yaml } = printed(tokenCommand(...options));
      service = ServiceProcess.spawn(`projects:\n  - id: plant-a\nauth:\n  tokens:\n${yaml}`);
      const url = await service.url();
      const get = (bearer: string): Promise<Response> =>
        fetch(`${url}/api/projects`, { headers: { authorization: `Bearer ${bearer}` } });
      expect(await (await get(token)).json()).toEqual([{ id: 'plant-a', name: 'plant-a' }]);
      expect((await get(sha256Hex(token))).status).toBe(401);
    });
  });
});
