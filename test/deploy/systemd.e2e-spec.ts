import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const UNIT = 'deploy/systemd/mqtt-client-control.service';

let dir: string;
let release: string;
let root: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'systemd-'));
  release = join(dir, 'release');
  root = join(dir, 'root');
  mkdirSync(join(release, 'deploy'), { recursive: true });
  for (const path of ['dist', 'client/bin', 'package.json', 'config.example.yaml', 'deploy/systemd'])
    cpSync(path, join(release, path), { recursive: true });
  symlinkSync(resolve('node_modules'), join(release, 'node_modules'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function install(): { status: number | null; stdout: string; stderr: string } {
  const script = join(release, 'deploy/systemd/install.sh');
  return spawnSync(script, ['--root', root], { encoding: 'utf8' });
}

describe('the unit of systemd', () => {
  it('is valid, as systemd-analyze says', () => {
    // With a program that is there, wherever Node.js is installed.
    const unit = join(dir, 'mqtt-client-control.service');
    writeFileSync(unit, readFileSync(UNIT, 'utf8').replaceAll('/usr/bin/node', process.execPath));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    const about = stderr.split('\n').filter((line) => line.includes('mqtt-client-control'));
    expect(about).toEqual([]);
    expect(status).toBe(0);
  });
});

describe('the scripts', () => {
  it.each([
    ['sh', 'install.sh'],
    ['sh', 'build-release.sh'],
    ['bash', 'try-systemd'],
    ['bash', 'try-steps'],
  ])('%s can read %s', (shell, name) => {
    expect(() => execFileSync(shell, ['-n', join('deploy/systemd', name)])).not.toThrow();
  });
});

describe('install.sh', () => {
  const current = (): string => readlinkSync(join(root, 'opt/mqtt-client-control/current'));
  const command = (): string => join(root, 'usr/local/bin/client-control');
  const config = (): string => join(root, 'etc/mqtt-client-control/config.yaml');

  it('installs a release, makes it the current one, and writes a first configuration', () => {
    const { status, stdout, stderr } = install();
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+ is the current one/);
    expect(current()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(existsSync(join(root, 'etc/systemd/system/mqtt-client-control.service'))).toBe(true);
    expect(readlinkSync(command())).toBe('/opt/mqtt-client-control/current/client/bin/client-control.mjs');
    expect(existsSync(join(root, readlinkSync(command())))).toBe(true);
    expect(readFileSync(config(), 'utf8')).toContain('projects: []');
  });

  it('upgrades, and keeps the configuration that is there', () => {
    writeFileSync(config(), 'projects: [{ id: mine }]\n');
    writeFileSync(
      join(release, 'package.json'),
      readFileSync('package.json', 'utf8').replace(/"version": "[^"]+"/, '"version": "9.9.9"'),
    );
    expect(install()).toMatchObject({ status: 0, stderr: '' });
    expect(current()).toBe('9.9.9');
    expect(existsSync(join(root, readlinkSync(command())))).toBe(true);
    expect(readFileSync(config(), 'utf8')).toContain('mine');
  });

  it('leaves a program alone that has the name of the command line, and says so', () => {
    rmSync(command());
    writeFileSync(command(), 'mine');
    const { status, stderr } = install();
    expect(status).toBe(0);
    expect(stderr).toContain('was left alone');
    expect(readFileSync(command(), 'utf8')).toBe('mine');
  });

  it('does not switch to a release that does not take the configuration, and says why', () => {
    writeFileSync(config(), 'projets: []\n');
    writeFileSync(
      join(release, 'package.json'),
      readFileSync('package.json', 'utf8').replace(/"version": "[^"]+"/, '"version": "9.9.10"'),
    );
    const { status, stderr } = install();
    expect(status).toBe(1);
    expect(stderr).toContain('- projets: is not a known key');
    expect(current()).toBe('9.9.9');
  });
});
