import { describe, expect, it } from '@jest/globals';
import { readYaml } from './read-yaml.js';

const read = (text: string): unknown => readYaml(text, 'the file');

describe('readYaml', () => {
  it('resolves anchors, aliases and merge keys, and leaves out what begins with x-', () => {
    const text = `
x-site: &site { username: gateway, tls: { ca: ca.pem } }
brokers:
  - { <<: *site, id: a }
  - { <<: *site, id: b, username: other, x-note: mine }
`;
    expect(read(text)).toEqual({
      brokers: [
        { id: 'a', username: 'gateway', tls: { ca: 'ca.pem' } },
        { id: 'b', username: 'other', tls: { ca: 'ca.pem' } },
      ],
    });
  });

  it('follows an alias ten thousand times', () => {
    const brokers = Array.from({ length: 10_000 }, (_, id) => ({ id }));
    const lines = brokers.map(({ id }) => `- { <<: *site, id: ${id} }`).join('\n');
    expect(read(`x-site: &site { a: 1 }\nbrokers:\n${lines}`)).toEqual({
      brokers: brokers.map((broker) => ({ a: 1, ...broker })),
    });
  });

  it('is null for a file without content', () => {
    expect(read('')).toBeNull();
    expect(read('# nothing\n')).toBeNull();
  });

  const bomb = Array.from({ length: 9 }, (_, at) => {
    const of = at === 0 ? '[x,x,x,x,x,x,x,x,x]' : `[${`*a${at - 1},`.repeat(9)}]`;
    return `a${at}: &a${at} ${of}`;
  }).join('\n');

  it.each([
    ['an alias of itself', 'a: &a [*a]', /an alias stands inside of what it stands for/],
    [
      'an alias of itself, deeper',
      'a: &a { b: { c: [*a] } }',
      /an alias stands inside of what it stands for/,
    ],
    ['aliases without bound', bomb, /aliases cannot be resolved/],
    ['an alias of nothing', 'a: *b', /aliases cannot be resolved|not valid YAML/],
    [
      'a tag that means nothing here',
      'a: 1\npassword: !env PASSWORD',
      /line 2: not valid YAML \(unknown tag\)/,
    ],
    ['a key that is there twice', 'a: 1\na: 2', /line 2: not valid YAML \(duplicate key\)/],
    ['two documents', 'a: 1\n---\na: 2', /not valid YAML \(multiple docs\)/],
  ])('refuses %s', (_what, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
