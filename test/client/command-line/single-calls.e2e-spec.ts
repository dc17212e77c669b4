import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.js';
import { Impostor } from './impostor.js';

/** Projects, and which of their brokers know a client; those that are undefined do not answer. */
type Landscape = Readonly<Record<string, Readonly<Record<string, boolean | undefined>>>>;

describe('the command line, acting on one client after the other', () => {
  let impostor: Impostor;
  let commands: CommandLine;
  beforeAll(async () => {
    impostor = await Impostor.start();
    commands = new CommandLine(impostor.url, 'secret');
  });
  beforeEach(() => void impostor.requests.splice(0));
  afterAll(async () => {
    await impostor.stop();
    commands.stop();
  });

  /** Answers to whoever looks for the client `a`, and takes no notice of what is done to it, unless it says `done`. */
  function show(projects: Landscape, done?: object): void {
    impostor.answer = (request, response) => {
      const { url = '', method } = request;
      const [path = ''] = url.split('?');
      const [, project] = /^\/api\/projects\/([^/]+)\//.exec(path) ?? [];
      const entries = Object.entries(projects).filter(([id]) => project === undefined || id === project);
      if (method !== 'GET') {
        if (done !== undefined)
          response.setHeader('Content-Type', 'application/json').end(JSON.stringify(done));
        return;
      }
      if (path.endsWith('/projects') || path.endsWith('/brokers')) {
        const ids = path.endsWith('/projects')
          ? Object.keys(projects)
          : entries.flatMap(([, brokers]) => Object.keys(brokers));
        response.setHeader('Content-Type', 'application/json').end(JSON.stringify(ids.map((id) => ({ id }))));
        return;
      }
      if (request.headers.accept !== 'application/x-ndjson') {
        response.setHeader('Content-Type', 'application/json').end('{"clientid":"a"}');
        return;
      }
      const places = entries.flatMap(([id, brokers]) =>
        Object.entries(brokers).map(([broker, knows]) => ({ project: id, broker, knows })),
      );
      const found = places.filter(({ knows }) => knows === true);
      const lines = [
        ...found.map(({ project: id, broker }) => ({ project: id, broker, clientid: 'a' })),
        {
          end: true,
          clients: found.length,
          notAnswered: places
            .filter(({ knows }) => knows === undefined)
            .map(({ project: id, broker }) => ({ project: id, broker, message: 'not connected' })),
        },
      ];
      response
        .setHeader('Content-Type', 'application/x-ndjson')
        .end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    };
  }

  const acted = (): (string | undefined)[] =>
    impostor.requests.filter(({ method }) => method !== 'GET').map(({ url }) => url);

  it('looks for a client that is watched in the project that is meant, and in no other', async () => {
    show({ one: { b: true, c: false }, two: { b: true } }, { reconnected: null });
    const several = await commands.run(['kick', 'a', '--watch', '1']);
    expect(several.stderr).toMatch(/there are several projects, name one with --project: one, two/);
    expect(several.code).toBe(2);
    expect(acted()).toEqual([]);
    const named = await commands.run(['kick', 'a', '--watch', '1', '--project', 'one', '-o', 'ndjson']);
    expect(named).toEqual({
      code: 0,
      stdout: '{"broker":"b","clientid":"a","outcome":"done"}\n',
      stderr: '',
    });
    expect(acted()).toEqual([expect.stringContaining('/api/projects/one/brokers/b/')]);
  });

  it('asks before it disconnects one id in two places', async () => {
    show({ one: { b: true, c: true } }, { reconnected: null });
    const { code, stderr } = await commands.run(['kick', 'a', '--watch', '1']);
    expect(stderr).toMatch(/this concerns 2 clients and nobody can be asked/);
    expect(code).toBe(2);
    expect(acted()).toEqual([]);
    expect((await commands.run(['kick', 'a', '--watch', '1', '-y'])).code).toBe(0);
    expect(acted()).toHaveLength(2);
  });

  it('ends with 1 when a broker did not answer, and does not say then that no broker knows the client', async () => {
    show({ one: { b: true, c: undefined } }, { reconnected: null });
    for (const words of [
      ['kick', 'a', '--watch', '1'],
      ['show', 'a'],
    ]) {
      const { code, stdout, stderr } = await commands.run(words);
      expect(stdout).not.toBe('');
      expect(stderr).toBe('broker c did not answer: not connected\n');
      expect(code).toBe(1);
    }
    show({ one: { b: undefined, c: undefined } });
    for (const words of [
      ['kick', 'a', '--watch', '1'],
      ['show', 'a'],
    ]) {
      const { code, stderr } = await commands.run(words);
      expect(stderr).not.toMatch(/no broker knows/);
      expect(code).toBe(1);
    }
    show({ one: { b: false, c: false } });
    expect((await commands.run(['show', 'a'])).stderr).toBe('no broker knows the client a\n');
  });

  it('asks before it bans a pattern, also where nobody is connected, and does nothing when not all brokers told whom', async () => {
    const places = ['a', 'b'].map((clientid) => ({ project: 'one', broker: 'b', clientid }));
    const bodies: unknown[] = [];
    for (const words of [
      ['ban', '*'],
      ['ban', '*', '--no-disconnect'],
      ['ban', 'plant', '--as', 'username'],
    ]) {
      show({ one: { b: true } }, { count: 2, clients: places, selection: 's', notAnswered: [] });
      const answer = impostor.answer;
      impostor.answer = (request, response) => {
        request.on('data', (chunk: Buffer) => bodies.push(JSON.parse(chunk.toString())));
        answer(request, response);
      };
      const { code, stderr } = await commands.run(words);
      expect(stderr).toMatch(/this concerns 2 clients and nobody can be asked/);
      expect(code).toBe(2);
    }
    expect(bodies).toHaveLength(3);
    for (const body of bodies) expect(body).not.toMatchObject({ select: { connected: true } });
    const silent = [{ project: 'one', broker: 'c', message: 'not connected' }];
    show({ one: { b: true } }, { count: 1, clients: places.slice(1), selection: 's', notAnswered: silent });
    const { code, stderr } = await commands.run(['ban', '*']);
    expect(stderr).toMatch(/^broker c did not answer: not connected\nclient-control: nothing was done: /);
    expect(code).toBe(2);
    expect(acted().every((url) => url?.includes('/bulk'))).toBe(true);
  });

  it.each([
    [['kick', 'a', '--watch', '9']],
    [['kick', 'a', '--watch', '9', '-b', 'b']],
    [['ban', 'a']],
    [['ban', 'a', '-b', 'b']],
    [['unban', 'a']],
    [['unban', 'a', '-b', 'b']],
    [['standing', 'set', 'n', '--clientid', 'a', '-t', 't', '-y', '-b', 'b']],
    [['standing', 'rm', 'n', '-b', 'b']],
  ])('says that nobody knows whether it was done after the second Ctrl-C: %j', async (words) => {
    show({ one: { b: true, c: false } });
    const running = commands.start(words);
    await impostor.isAsked(({ method }) => method !== 'GET');
    running.process.kill('SIGINT');
    await running.says(/waiting for what was sent; press Ctrl-C again not to wait/);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(/nobody knows whether/);
    expect(code).toBe(3);
  });

  it('says how it ended when the answer comes after the first Ctrl-C', async () => {
    show({ one: { b: true } });
    const running = commands.start(['unban', 'a', '-b', 'b']);
    await impostor.isAsked(({ method }) => method !== 'GET');
    running.process.kill('SIGINT');
    await running.says(/waiting for what was sent/);
    impostor.lastResponse?.writeHead(204).end();
    const { code, stdout } = await running.ended;
    expect(stdout).toMatch(/b +done/);
    expect(code).toBe(0);
  });
});
