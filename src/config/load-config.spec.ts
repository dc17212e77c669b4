import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findConfigFile, loadConfigFile } from './load-config.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'load-config-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('findConfigFile', () => {
  it('is undefined without CONFIG_FILE and without config.yaml', () => {
    expect(findConfigFile({}, dir)).toBeUndefined();
    expect(findConfigFile({ CONFIG_FILE: '' }, dir)).toBeUndefined();
  });

  it('is config.yaml of the working directory when it is there', () => {
    const withFile = join(dir, 'with-file');
    mkdirSync(withFile);
    writeFileSync(join(withFile, 'config.yaml'), '');
    expect(findConfigFile({}, withFile)).toBe(join(withFile, 'config.yaml'));
    expect(findConfigFile({ CONFIG_FILE: 'other.yaml' }, withFile)).toBe(join(withFile, 'other.yaml'));
  });

  it('is CONFIG_FILE even when no such file is there: a wrong name must not start the demo', () => {
    const file = findConfigFile({ CONFIG_FILE: '/nowhere/config.yaml' }, dir);
    expect(file).toBe('/nowhere/config.yaml');
    expect(() => loadConfigFile(file ?? '', {})).toThrow(/the file cannot be read \(ENOENT\)/);
  });
});

describe('loadConfigFile', () => {
  it("reads the files it names relative to its own directory, one line's end cut off a password", () => {
    writeFileSync(join(dir, 'password'), 'pass word\n');
    writeFileSync(join(dir, 'ca.pem'), 'PEM\n');
    const broker = { id: 'b', url: 'mqtts://h', passwordFile: 'password', tls: { ca: 'ca.pem' } };
    writeFileSync(join(dir, 'c.yaml'), JSON.stringify({ projects: [{ id: 'p', brokers: [broker] }] }));
    const [loaded] = loadConfigFile(join(dir, 'c.yaml'), {}).projects[0]?.brokers ?? [];
    expect(loaded).toMatchObject({ password: 'pass word', tls: { ca: 'PEM\n', rejectUnauthorized: true } });
    expect(loaded).not.toHaveProperty('passwordFile');
  });

  it('reports every file that cannot be read, with its path in the configuration', () => {
    const tls = { ca: 'no-ca', cert: 'no-cert', key: '.' };
    const broker = { id: 'b', url: 'mqtts://h', passwordFile: 'no-password', tls };
    writeFileSync(join(dir, 'bad.yaml'), JSON.stringify({ projects: [{ id: 'p', brokers: [broker] }] }));
    expect(() => loadConfigFile(join(dir, 'bad.yaml'), {})).toThrow(
      expect.objectContaining({
        issues: expect.arrayContaining([
          {
            path: 'projects[0].brokers[0].passwordFile',
            message: 'names a file that cannot be read (ENOENT)',
          },
          { path: 'projects[0].brokers[0].tls.ca', message: 'names a file that cannot be read (ENOENT)' },
          { path: 'projects[0].brokers[0].tls.cert', message: 'names a file that cannot be read (ENOENT)' },
          { path: 'projects[0].brokers[0].tls.key', message: 'names a file that cannot be read (EISDIR)' },
        ]),
      }),
    );
  });
});
