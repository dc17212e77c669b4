import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { ControlClient } from './support/control-client.js';
import { PluginBroker } from './support/plugin-broker.js';
import { preparePluginTarget } from './support/plugin-target.js';

const NAME = 'mosquitto-client-control';
const LIBRARY = 'usr/lib/mosquitto/mosquitto_client_control.so';
const EXAMPLE = `usr/share/doc/${NAME}/examples/client-control.conf`;
const repository = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
/** Paths of the packages. */
const packages = {} as Record<'2.0' | '2.1', string>;

/** What dpkg knows of the packages that the plugin's depend on: this machine's, and the fetched release's. */
function packageRecords(version: '2.0' | '2.1'): string {
  if (version === '2.0') {
    return execFileSync('dpkg-query', ['-s', 'mosquitto', 'libc6', 'libcjson1'], { encoding: 'utf8' });
  }
  const records = join(preparePluginTarget('2.1').binary, '../../root/var/lib/dpkg/status');
  return readFileSync(records, 'utf8');
}

/** A folder with a package database of its own, which holds the packages of a release. */
class PackageRoot {
  readonly #root: string;

  constructor(version: '2.0' | '2.1') {
    this.#root = mkdtempSync(join(folder, 'root-'));
    for (const each of ['info', 'updates', 'triggers']) {
      mkdirSync(join(this.#root, 'var/lib/dpkg', each), { recursive: true });
    }
    writeFileSync(join(this.#root, 'var/lib/dpkg/status'), packageRecords(version));
  }

  path(file: string): string {
    return join(this.#root, file);
  }

  /** Runs dpkg on it. */
  dpkg(...args: string[]): { status: number | null; output: string } {
    const result = spawnSync('dpkg', [`--root=${this.#root}`, '--force-not-root', ...args], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    return { status: result.status, output: result.stdout + result.stderr };
  }

  /** Files below `usr` and `etc`. */
  files(): string[] {
    const found = spawnSync('find', ['usr', 'etc', '-type', 'f'], { cwd: this.#root, encoding: 'utf8' });
    return found.stdout.split('\n').filter(Boolean).sort();
  }
}

function build(version: '2.0' | '2.1'): string {
  const headers = preparePluginTarget(version).include;
  const args = ['-o', folder, ...(headers === undefined ? [] : ['-I', headers])];
  const script = join(repository, 'broker-plugin/packaging/build-deb.sh');
  return execFileSync(script, args, { encoding: 'utf8', stdio: 'pipe' }).trim();
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugin-packages-'));
  packages['2.0'] = build('2.0');
  packages['2.1'] = build('2.1');
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ['2.0', '2.1'],
  ['2.1', '2.0'],
] as const)('the Debian package for Mosquitto %s', (version, other) => {
  it('installs, gives the broker what its example configures, and leaves nothing when it is removed', async () => {
    const root = new PackageRoot(version);
    expect(root.dpkg('-i', packages[version])).toEqual(expect.objectContaining({ status: 0 }));
    expect(root.files()).toEqual([
      LIBRARY,
      `usr/share/doc/${NAME}/README.md`,
      `usr/share/doc/${NAME}/copyright`,
      EXAMPLE,
    ]);
    expect(statSync(root.path(LIBRARY)).mode & 0o777).toBe(0o644);

    const example = readFileSync(root.path(EXAMPLE), 'utf8').split('\n');
    const options = example.filter((line) => line.startsWith('plugin_opt_'));
    expect(example).toContain(`plugin /${LIBRARY}`);
    const broker = new PluginBroker({
      ...preparePluginTarget(version),
      library: root.path(LIBRARY),
      pluginOptions: options.map((line) =>
        line.replace('plugin_opt_', '').replace('/var/lib/mosquitto', '{dir}'),
      ),
      globalConfig: example.filter((line) => /^(?!plugin|#)./.test(line)),
    });
    try {
      await broker.start();
      const control = await ControlClient.connect(broker);
      const { error } = await control.command({ command: 'disconnectClient', clientid: 'nobody' });
      expect(error).toBe('Client not found');
    } finally {
      await broker.stop();
    }

    expect(root.dpkg('--purge', NAME)).toEqual(expect.objectContaining({ status: 0 }));
    expect(root.files()).toEqual([]);
  });

  it(`is not configured on a release with Mosquitto ${other}`, () => {
    const root = new PackageRoot(other);
    const { status, output } = root.dpkg('-i', packages[version]);
    expect(status).not.toBe(0);
    expect(output).toMatch(/depends on mosquitto \((>= 2\.1~|<< 2\.1~)\); however/);
  });
});
