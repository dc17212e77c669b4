import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../../test/support/certificates.js';
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

it('finds a link to nowhere, which must not start the demo', () => {
  const withLink = join(dir, 'with-link');
  mkdirSync(withLink);
  symlinkSync('no such file', join(withLink, 'config.yaml'));
  const file = findConfigFile({}, withLink);
  expect(() => loadConfigFile(file ?? '', {})).toThrow(/the file cannot be read \(ENOENT\)/);
});

describe('loadConfigFile', () => {
  const load = (content: string | Buffer): unknown => {
    writeFileSync(join(dir, 'config.yaml'), content);
    return loadConfigFile(join(dir, 'config.yaml'), {});
  };
  const withTls = (tls: object): string =>
    JSON.stringify({ projects: [{ id: 'p', brokers: [{ id: 'b', url: 'mqtts://h', tls }] }] });
  const at = (path: string, message: string): unknown =>
    expect.objectContaining({ issues: [{ path, message: expect.stringContaining(message) as unknown }] });
  const TLS = 'projects[0].brokers[0].tls';

  it.each([
    ['an empty file', '', '', 'the file is empty'],
    ['a file of comments', '# http:\n', '', 'the file is empty'],
    [
      'a file that is not UTF-8',
      Buffer.from('projects: [] # caf\xe9', 'latin1'),
      '',
      'the file is not UTF-8',
    ],
    [
      'a certificate authority that is none',
      withTls({ ca: 'config.yaml' }),
      `${TLS}.ca`,
      'without certificates',
    ],
    [
      'an audit file in a missing folder',
      'audit: { file: no/audit.jsonl }',
      'audit.file',
      'appending (ENOENT)',
    ],
    ['an audit file in a file', 'audit: { file: config.yaml/a }', 'audit.file', 'appending (ENOTDIR)'],
    ['an audit file that is a folder', 'audit: { file: . }', 'audit.file', 'appending (EISDIR)'],
  ])('refuses %s', (_what, content, path, message) => {
    expect(() => load(content)).toThrow(at(path, message));
  });

  it.each([
    ['that is empty', '\n', 'names an empty file'],
    ['that is not UTF-8', Buffer.from([0xff]), 'names a file that is not UTF-8'],
  ])('refuses a passwordFile %s', (_what, password, message) => {
    writeFileSync(join(dir, 'bad-password'), password);
    const broker = { id: 'b', url: 'mqtt://h', passwordFile: 'bad-password' };
    const config = JSON.stringify({ projects: [{ id: 'p', brokers: [broker] }] });
    expect(() => load(config)).toThrow(at('projects[0].brokers[0].passwordFile', message));
  });

  it('refuses a certificate authority that is cut off, or with one of two that is broken', () => {
    const { ca } = makeCertificates();
    for (const pem of [ca.slice(0, -40), `${ca}${ca.replace(/^[A-Za-z0-9+/]{64}$/m, 'x')}`]) {
      writeFileSync(join(dir, 'broken.pem'), pem);
      expect(() => load(withTls({ ca: 'broken.pem' }))).toThrow(at(`${TLS}.ca`, 'without certificates'));
    }
  });

  it('takes several certificate authorities, with text between them', () => {
    const { ca, serverCert } = makeCertificates();
    writeFileSync(join(dir, 'bundle.pem'), `# one\n${ca}\n# two\n${serverCert}`);
    expect(() => load(withTls({ ca: 'bundle.pem' }))).not.toThrow();
  });

  it('does not make the audit file', () => {
    load('audit: { file: not-yet.jsonl }');
    expect(existsSync(join(dir, 'not-yet.jsonl'))).toBe(false);
  });

  it("reads the files it names relative to its own directory, one line's end cut off a password", () => {
    writeFileSync(join(dir, 'password'), 'pass word\n');
    const { ca } = makeCertificates();
    writeFileSync(join(dir, 'ca.pem'), ca);
    const broker = { id: 'b', url: 'mqtts://h', passwordFile: 'password', tls: { ca: 'ca.pem' } };
    writeFileSync(join(dir, 'c.yaml'), JSON.stringify({ projects: [{ id: 'p', brokers: [broker] }] }));
    const [loaded] = loadConfigFile(join(dir, 'c.yaml'), {}).projects[0]?.brokers ?? [];
    expect(loaded).toMatchObject({ password: 'pass word', tls: { ca, rejectUnauthorized: true } });
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
