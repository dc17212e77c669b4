import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'command-line-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Outcome {
  const { PATH = '' } = process.env;
  const options = { cwd: dir, env: { PATH, PORT: '0' }, encoding: 'utf8', timeout: 50_000 } as const;
  return spawnSync(process.execPath, [resolve('dist/main.js'), ...args], options);
}

describe('the command line', () => {
  it.each([['--help'], ['-h'], ['help']])('explains itself with %s', (argument) => {
    const { status, stdout } = run(argument);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: /);
  });

  it.each([[['--hlep']], [['config.yaml']], [['check-config', 'a', 'b']]])(
    'refuses %j with 2 instead of starting the service',
    (args) => {
      const { status, stdout, stderr } = run(...args);
      expect(status).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain('Usage: ');
    },
  );

  it('tells the version', () => {
    expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe.each(['check-config', '--check-config'])('%s', (command) => {
  it('says that a file is valid, with 0', () => {
    writeFileSync(join(dir, 'good.yaml'), 'projects: [{ id: p, brokers: [{ id: b, url: "mqtt://h" }] }]');
    expect(run(command, 'good.yaml')).toMatchObject({
      status: 0,
      stdout: `${join(dir, 'good.yaml')} is valid: 1 project with 1 broker, 0 tokens, 0 identity providers\n`,
      stderr: '',
    });
  });

  it('says what a start would die of, with 1 and without values', () => {
    writeFileSync(join(dir, 'bad.yaml'), 'http: { prot: hunter2 }\naudit: { file: no/where.jsonl }\n');
    const { status, stdout, stderr } = run(command, 'bad.yaml');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('- http.prot: is not a known key');
    expect(stderr).toContain('- audit.file: names a file that cannot be opened for appending (ENOENT)');
    expect(stderr).not.toContain('hunter2');
  });

  it('says that there is no file, with 1', () => {
    expect(run(command, 'none.yaml')).toMatchObject({ status: 1, stdout: '' });
    expect(run(command).stderr).toContain('there is no config.yaml');
  });
});
