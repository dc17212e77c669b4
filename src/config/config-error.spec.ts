import { describe, expect, it } from '@jest/globals';
import { ConfigError } from './config-error.js';
import { parseConfig } from './parse-config.js';

const HASH = 'ab'.repeat(32);
const SECRET = 'hunter2-the-secret';

function errorOf(tree: unknown, environment: Readonly<Record<string, string>> = {}): ConfigError {
  try {
    parseConfig(typeof tree === 'string' ? tree : JSON.stringify(tree), 'the file', '.', environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const withBroker = (settings: object): object => ({
  projects: [{ id: 'p', brokers: [{ id: 'b', url: 'mqtt://h', ...settings }] }],
});
const withToken = (settings: object): object => ({
  auth: { tokens: [{ name: 'ops', sha256: HASH, grants: [], ...settings }] },
});

describe('what parseConfig reports', () => {
  it.each<[string, unknown]>([
    ['in a url with credentials', withBroker({ url: `mqtt://user:${SECRET}@h` })],
    ['in a url that is none', withBroker({ url: SECRET })],
    ['in a password of the wrong type', withBroker({ password: [SECRET] })],
    ['in a hash that is none', withToken({ sha256: SECRET })],
    ['in a role', withToken({ grants: [{ project: '*', role: SECRET }] })],
    ['in a project of a grant', withToken({ grants: [{ project: SECRET, role: 'admin' }] })],
    ['in a number', { http: { port: SECRET } }],
    ['in a date', withToken({ expiresAt: SECRET })],
    ['in the name of a file', withBroker({ passwordFile: SECRET })],
    ['in duplicate names', { projects: [{ id: SECRET }, { id: SECRET }] }],
    ['at the top', JSON.stringify(SECRET)],
    ['next to an unset variable', withBroker({ password: `\${UNSET}${SECRET}` })],
    ['in a default', withBroker({ url: `\${UNSET:-${SECRET}}` })],
    ['in broken YAML', `password: "${SECRET}\nprojects: [`],
    ['in an unknown tag', `password: !!int ${SECRET}\nprojects: {`],
    ['in an unresolved alias', `password: *${SECRET}`],
  ])('never holds a value, such as a secret %s', (_what, tree) => {
    const { message, issues, stack } = errorOf(tree);
    expect(issues.length).toBeGreaterThan(0);
    expect(`${message}${JSON.stringify(issues)}${String(stack)}`).not.toContain(SECRET);
  });

  it('holds no value of the environment', () => {
    const { message } = errorOf(withBroker({ url: '${URL}', protocolVersion: '${URL}' }), { URL: SECRET });
    expect(message).not.toContain(SECRET);
  });

  it.each([
    ['a: [1\nb: 2', /^line [12]: not valid YAML/],
    ['a: 1\nb: {', /^line 2: not valid YAML/],
    ['a: 1\n---\nb: 2', /not valid YAML/],
    ['a: 1\na: 2', /not valid YAML \(duplicate key\)/],
    ['a: *nothing', /not valid YAML/],
  ])('names the line of what is no YAML: %j', (text, message) => {
    expect(errorOf(text).issues[0]).toEqual({ path: '', message: expect.stringMatching(message) });
  });

  it('survives aliases that would expand without end', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      bomb.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    expect(errorOf(bomb.join('\n')).issues).toEqual([
      { path: '', message: 'not valid YAML (aliases cannot be resolved)' },
    ]);
  });
});
