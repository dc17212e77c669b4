import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fleet } from '../../features/fleet/fleet.js';
import { CONTROL_BROKERS } from '../../support/control-brokers.js';
import { TOKENS } from '../../support/test-service.js';
import { CommandLine } from './command-line.js';

const lines = (count: number, name: string): string =>
  Array.from({ length: count }, (_, at) => `{"action":"disconnect","clientid":"${name}${at}"}\n`).join('');

describe.each(CONTROL_BROKERS.slice(0, 2))('the command line for many clients on %s', (_, startBroker) => {
  let fleet: Fleet;
  let commands: CommandLine;
  beforeAll(async () => {
    fleet = await Fleet.start({ b: await startBroker() });
    commands = new CommandLine(fleet.service.url, TOKENS.admin, { CLIENT_CONTROL_PROJECT: 'p' });
  }, 120_000);
  afterEach(() => fleet.disconnectAll());
  afterAll(async () => {
    await fleet.stop();
    commands.stop();
  });

  it('kicks those of a pipe, and says how many', async () => {
    const devices = await fleet.connectMany('b', 3, 'piped-');
    const { code, stdout, stderr } = await commands.run(['kick', '-', '-y', '-o', 'ndjson'], {
      input: 'piped-0\r\npiped-1\npiped-0\npiped-2',
    });
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(stderr).toBe('3 done\n');
    expect(code).toBe(0);
    await Promise.all(devices.map(({ closed }) => closed));
  });

  it('ends with 1 when some failed, and names them', async () => {
    await fleet.connectMany('b', 1, 'some-');
    const { code, stdout, stderr } = await commands.run(['kick', 'some-0', 'nobody', '-y']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/nobody +disconnect +failed +CLIENT_NOT_FOUND/);
    expect(stderr).toBe('1 done, 1 failed\n');
  });

  it('stops a selection at Ctrl-C', async () => {
    await fleet.connectMany('b', 60, 'chosen-');
    const running = commands.start([
      'kick',
      '--clientid',
      'chosen-*',
      '-y',
      '--per-second',
      '10',
      '-o',
      'ndjson',
    ]);
    await running.says(/"index":2,/);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(/of \d+ nothing was told: what was not sent never will be/);
    expect(code).toBe(3);
  });
});

describe('the command line for many clients', () => {
  let fleet: Fleet;
  let commands: CommandLine;
  beforeAll(async () => {
    fleet = await Fleet.onEmbedded();
    commands = new CommandLine(fleet.service.url, TOKENS.admin, { CLIENT_CONTROL_PROJECT: 'p' });
  });
  afterEach(() => fleet.disconnectAll());
  afterAll(async () => {
    await fleet.stop();
    commands.stop();
  });

  it('lists all bans of a project, however many there are', async () => {
    const count = 1010;
    for (let first = 0; first < count; first += 101) {
      const answers = Array.from({ length: 101 }, (_, at) =>
        fleet.service.request('POST', '/api/projects/p/brokers/b/bans', {
          body: { as: 'clientid', who: `banned-${first + at}` },
        }),
      );
      for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    }
    const { code, stdout } = await commands.run(['bans', '-o', 'ndjson']);
    const named = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { who: string }).who);
    expect(new Set(named).size).toBe(count);
    expect(named).toHaveLength(count);
    expect(code).toBe(0);
  });

  it('stops at Ctrl-C, and says what was not sent, which then can be gone on with', async () => {
    const file = join(commands.home, 'operations.ndjson');
    const left = join(commands.home, 'left.ndjson');
    writeFileSync(file, lines(1000, 'paced-'));
    const running = commands.start([
      'bulk',
      file,
      '-y',
      '--per-second',
      '50',
      '--left',
      left,
      '-o',
      'ndjson',
    ]);
    await running.says(/"index":20,/);
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    const told = stdout.trim().split('\n').length;
    expect(stderr).toContain('stopping');
    expect(stderr).toContain(`${1000 - told} were not sent and never will be: see ${left}`);
    expect(code).toBe(1);
    expect(told).toBeLessThan(300);
    const rest = lines(1000, 'paced-').split('\n').slice(told).join('\n');
    expect(readFileSync(left, 'utf8')).toBe(rest.replaceAll('{"action"', '{"broker":"*","action"'));
  });

  it('is told at once by a second Ctrl-C, and then that some outcomes are not known', async () => {
    const running = commands.start(['bulk', '-', '-y', '--per-second', '20']);
    running.process.stdin?.write(lines(300, 'twice-'));
    await running.says(/twice-3 /);
    running.process.kill('SIGINT');
    await running.says(/stopping/);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(/were sent, and their outcome is not known/);
    expect(stderr).toMatch(/client-control audit --request-id \S+/);
    expect(code).toBe(3);
  });

  it('refuses a file with a line that is no operation, before anything is done', async () => {
    const file = join(commands.home, 'broken.ndjson');
    writeFileSync(file, `${lines(3, 'broken-')}{"action":"explode","clientid":"a"}\n`);
    const { code, stderr } = await commands.run(['bulk', file, '-y']);
    expect(stderr).toBe(
      'client-control: line 4: the action is disconnect, subscribe or unsubscribe, the clientid a text\n',
    );
    expect(code).toBe(2);
  });

  it('ends well when the reader of a long list has seen enough', async () => {
    await fleet.connectMany('b', 300, 'long-');
    const { code, stdout, stderr } = await commands.shell(
      'client-control find "long-*" -o ndjson | head -1; echo "${PIPESTATUS[0]}"',
    );
    expect(stdout).toMatch(/^\{.*\}\n0\n$/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('stops acting when nobody reads any more what became of it', async () => {
    writeFileSync(join(commands.home, 'gone.ndjson'), lines(2000, 'gone-'));
    const { stdout } = await commands.shell(
      'client-control bulk gone.ndjson -y --per-second 100 -o ndjson 2>said | head -1 >/dev/null; echo "${PIPESTATUS[0]}"; cat said',
    );
    expect(stdout).toMatch(/^1\n/);
    expect(stdout).toMatch(/\d+ were not sent and never will be/);
  });
});
