import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { CommandLine, type Run } from './command-line.js';
import { Impostor } from './impostor.js';

describe('the command line', () => {
  let impostor: Impostor;
  let commands: CommandLine;
  beforeAll(async () => {
    impostor = await Impostor.start();
    commands = new CommandLine(impostor.url, 'secret', { CLIENT_CONTROL_PROJECT: 'p' });
  });
  afterAll(async () => {
    await impostor.stop();
    commands.stop();
  });

  it('ends with 2 and calls nobody when what was typed cannot be meant', async () => {
    const before = impostor.requests.length;
    const all = [
      ['nosuch'],
      ['kick'],
      ['kick', 'a', '--clientid', 'b'],
      ['kick', 'a', '-', '-y'],
      ['kick', ''],
      ['kick', 'a', 'b'],
      ['kick', '--watch', '31', 'a'],
      ['sub', 'a'],
      ['sub', 'a', '-t', 't', '--qos', '3'],
      ['find', 'a', '--connected', 'maybe'],
      ['find', 'a', '--clientid', 'b'],
      ['find', '-o', 'xml'],
      ['bulk', 'missing.ndjson'],
      ['bulk', '-'],
      ['ban', 'a', '--for', 'ever'],
      ['ban', 'a', '--until', '2020-01-01T00:00:00Z'],
      ['events', '--type', 'nosuch'],
      ['brokers', '--profile', 'nosuch'],
      ['brokers', '--url', 'ftp://host'],
      ['completion', 'csh'],
    ];
    const runs = await Promise.all(all.map((words) => commands.run(words)));
    for (const [at, { code, stdout, stderr }] of runs.entries()) {
      expect({ words: all[at], code, stdout }).toEqual({ words: all[at], code: 2, stdout: '' });
      expect(stderr).not.toBe('');
    }
    expect(impostor.requests).toHaveLength(before);
  });

  it('does nothing, and says so, for an empty input and for one that is no text', async () => {
    const before = impostor.requests.length;
    for (const words of [
      ['kick', '-', '-y'],
      ['kick', '-', '--watch', '1'],
    ])
      expect(await commands.run(words)).toEqual({
        code: 0,
        stdout: '',
        stderr: 'there were no client ids\n',
      });
    const { code, stderr } = await commands.shell(`printf 'a\\xff\\n' | client-control kick - -y`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'client-control: the input is not valid UTF-8\n' });
    expect(impostor.requests).toHaveLength(before);
  });

  it('writes what is left to no file that is there, and says so beforehand', async () => {
    const path = join(commands.home, 'operations.ndjson');
    writeFileSync(path, '{"action":"disconnect","clientid":"a"}\n');
    const before = impostor.requests.length;
    expect((await commands.run(['bulk', path, '-b', 'b', '--left', path])).code).toBe(2);
    expect(readFileSync(path, 'utf8')).not.toBe('');
    expect(impostor.requests).toHaveLength(before);
  });

  it('ends with 1 when the answer could not be written', async () => {
    impostor.json(200, []);
    const { stdout } = await commands.shell('client-control brokers -o json > /dev/full; echo "$?"');
    expect(stdout).toBe('1\n');
  });

  it('ends with 3 when nobody knows whether it was done', async () => {
    const info = { outcome: 'unknown', timeoutMs: 5000 };
    impostor.json(504, { message: 'no answer', code: 'BROKER_TIMEOUT', status: 504, info });
    expect((await commands.run(['ban', 'a', '-b', 'b'])).code).toBe(3);
    impostor.answer = (_, response) => response.destroy();
    expect((await commands.run(['ban', 'a', '-b', 'b'])).code).toBe(3);
    // Nothing was sent by looking.
    expect((await commands.run(['bans', '-b', 'b'])).code).toBe(1);
  });

  it('says what to do about a token that is missing or refused, and an address where nobody is', async () => {
    impostor.json(401, { message: 'no', code: 'UNAUTHORIZED', status: 401, info: { reason: 'unknown' } });
    expect((await commands.run(['brokers'])).stderr).toContain('does not take this token');
    expect((await commands.run(['brokers'], { CLIENT_CONTROL_TOKEN: '' })).stderr).toContain(
      'CLIENT_CONTROL_TOKEN',
    );
    const nobody = await commands.run(['brokers', '--url', 'http://127.0.0.1:9']);
    expect(nobody).toMatchObject({ code: 1 });
    expect(nobody.stderr).toContain('http://127.0.0.1:9');
  });

  /** A question, a list that comes as a stream, and an act. */
  const SOME = [['brokers'], ['find'], ['kick', 'a', '-b', 'b']];
  const ALL = [...SOME, ['bans', '-b', 'b'], ['audit'], ['standing', '-b', 'b']];
  it.each<[string, readonly string[][], RequestListener]>([
    ['a page', SOME, (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>')],
    [
      'half of an answer',
      SOME,
      (_, response) =>
        response
          .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 100 })
          .write('[', () => response.destroy()),
    ],
    [
      'what is no JSON',
      SOME,
      (_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('[{'),
    ],
    [
      'another shape',
      ALL,
      (_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"a":1}'),
    ],
    [
      'null',
      ALL,
      (_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('null'),
    ],
    [
      'a harmful message',
      SOME,
      (_, response) =>
        response
          .writeHead(500, { 'Content-Type': 'application/json' })
          .end('{"code":"X","status":500,"message":"\\u001b[2J\\u009b"}'),
    ],
  ])('ends with 1 and in words when it is answered with %s', async (_, all, answer) => {
    impostor.answer = answer;
    for (const { code, stderr } of await Promise.all(all.map((words) => commands.run(words)))) {
      expect([1, 3]).toContain(code);
      expect(stderr).toMatch(/^client-control: /);
      // eslint-disable-next-line no-control-regex -- what must not be there
      expect(stderr).not.toMatch(/\n {4}at |\u001b|\u009b/);
    }
  });

  describe('profiles', () => {
    const environment = { CLIENT_CONTROL_URL: '', CLIENT_CONTROL_TOKEN: '', CLIENT_CONTROL_PROJECT: '' };
    const profile = (words: readonly string[], input = ''): Promise<Run> =>
      commands.run(words, { input, ...environment });
    const path = (): string => join(commands.home, 'client-control/profiles.json');

    it('are written for nobody else to read, and say where to go as whom', async () => {
      const set = await profile(
        ['profile', 'set', 'prod', '--url', impostor.url, '--project', 'q', '--token-file', '-'],
        'profile-token\n',
      );
      expect(set).toMatchObject({ code: 0 });
      expect(statSync(path()).mode & 0o777).toBe(0o600);
      impostor.json(200, []);
      expect((await profile(['brokers', '--profile', 'prod'])).code).toBe(0);
      expect(impostor.requests.at(-1)?.headers.authorization).toBe('Bearer profile-token');
      const listed = await profile(['profile']);
      expect(listed.stdout).toMatch(/prod +yes +http/);
      expect(listed.stdout).not.toContain('profile-token');
    });

    it('give their token to no other address', async () => {
      await profile(['brokers', '--profile', 'prod', '--url', `${impostor.url}/elsewhere`]);
      expect(impostor.requests.at(-1)?.headers.authorization).toBeUndefined();
    });

    it('are not read when others may read them', async () => {
      chmodSync(path(), 0o640);
      const { code, stderr } = await profile(['brokers']);
      expect(code).toBe(2);
      expect(stderr).toContain(`chmod 600 '${path()}'`);
      expect((await profile(['profile', 'rm', 'prod'])).code).toBe(2);
      chmodSync(path(), 0o600);
      expect((await profile(['profile', 'rm', 'prod'])).code).toBe(0);
    });

    it.each(['', '[]', '{"profiles":{"a":{"url":1}}}', '{"profiles":null}'])(
      'are refused when they are %j',
      async (text) => {
        mkdirSync(join(commands.home, 'client-control'), { recursive: true });
        writeFileSync(path(), text, { mode: 0o600 });
        expect((await profile(['brokers'])).code).toBe(2);
        writeFileSync(path(), '{"profiles":{}}');
      },
    );
  });

  it('is quiet when the reader of its help has gone', async () => {
    const { stdout, stderr } = await commands.shell('client-control --help | true; echo "${PIPESTATUS[0]}"');
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });

  it('is described in docs/command-line.md with every command', async () => {
    const { stdout } = await commands.run(['--help']);
    const names = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].flatMap(([, name = '']) =>
      name.startsWith('-') || name === 'help' ? [] : [name],
    );
    expect(names.length).toBeGreaterThan(18);
    const page = readFileSync('docs/command-line.md', 'utf8');
    for (const name of names) expect(page).toContain(`\`${name}`);
  });
});
