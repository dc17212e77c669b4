import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient } from '@mqtt-client-control/client';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Fleet } from '../../features/fleet/fleet.js';
import { TOKENS } from '../../support/test-service.js';
import { CommandLine, type Running } from './command-line.js';
import { Impostor } from './impostor.js';

interface Line {
  readonly action: string;
  readonly clientid: string;
  readonly topic?: string;
}

/** `subscribe a`, for each line of a file. */
function linesOf(path: string): string[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line).map(({ action, clientid }) => `${action} ${clientid}`);
}

/** Resolves when all of it was taken. */
function write({ process }: Running, text: string): Promise<void> {
  return new Promise((resolve) => process.stdin?.write(text, () => resolve()));
}

describe('what the command line leaves of long work', () => {
  let impostor: Impostor;
  let commands: CommandLine;
  let left = '';
  let unknown = '';
  beforeAll(async () => {
    impostor = await Impostor.start();
    commands = new CommandLine(impostor.url, 'secret', {
      CLIENT_CONTROL_PROJECT: 'p',
      CLIENT_CONTROL_BROKER: 'b',
    });
    left = join(commands.home, 'left.ndjson');
    unknown = join(commands.home, 'unknown.ndjson');
  });
  beforeEach(() => {
    for (const file of [left, unknown]) rmSync(file, { force: true });
    impostor.requests.splice(0);
  });
  afterAll(async () => {
    await impostor.stop();
    commands.stop();
  });

  /** Answers each operation with what its client's id begins with; those that begin with `silent` not at all. */
  const carriesOut: RequestListener = (request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).flushHeaders();
    let index = -1;
    let silent = 0;
    createInterface(request)
      .on('line', (text) => {
        if (text === '') return;
        index += 1;
        const { action, clientid } = JSON.parse(text) as Line;
        const [, outcome = ''] = /^(done|failed|not-sent|unknown|silent)/.exec(clientid) ?? [];
        if (outcome === 'silent') silent += 1;
        else response.write(`${JSON.stringify({ index, clientid, action, outcome, status: 200 })}\n`);
      })
      .on('close', () => {
        if (silent > 0) response.destroy();
        else response.end(`${JSON.stringify({ summary: {} })}\n`);
      });
  };
  const refuses = (response: ServerResponse): void => {
    const body = { message: 'it stops', code: 'SHUTTING_DOWN', status: 503 };
    response.writeHead(503, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };

  it('is what the answer calls not sent, and, in a file of its own, that of which nobody knows', async () => {
    impostor.answer = carriesOut;
    const words = ['unsub', 'done-1', 'not-sent-1', 'unknown-1', 'failed-1', '-t', 't', '-y'];
    const { code, stderr } = await commands.run([...words, '--left', left, '--left-unknown', unknown]);
    expect(linesOf(left)).toEqual(['unsubscribe not-sent-1']);
    expect(linesOf(unknown)).toEqual(['unsubscribe unknown-1']);
    expect(stderr).toContain(`1 were not sent and never will be: see ${left}\n`);
    expect(stderr).toContain(`1 were sent, and their outcome is not known: see ${unknown}\n`);
    expect(code).toBe(3);
  });

  it('does not mix what was sent with what was not when the answer is cut off', async () => {
    impostor.answer = carriesOut;
    const words = ['kick', 'done-1', 'silent-1', '-y'];
    expect((await commands.run([...words, '--left', left])).code).toBe(3);
    expect(existsSync(left)).toBe(false);
    const { stderr } = await commands.run([...words, '--left-unknown', unknown]);
    expect(linesOf(unknown)).toEqual(['disconnect silent-1']);
    expect(stderr).toContain(`1 were sent, and their outcome is not known: see ${unknown}\n`);
  });

  it('is no file when nothing is left', async () => {
    impostor.answer = carriesOut;
    await commands.run(['kick', 'done-1', '--left', left, '--left-unknown', unknown]);
    impostor.answer = (_, response) => refuses(response);
    await commands.run(['kick', 'done-1', '--left', left, '--left-unknown', unknown]);
    expect((await commands.run(['kick', 'done-1', '--left', left, '--left-unknown', left])).code).toBe(2);
    for (const file of [left, unknown]) expect(existsSync(file)).toBe(false);
  });

  const move = ['move', '-', '-y', '--from', 'old', '--to', 'new'];

  it('is both halves of a move that was not begun, and the second one where the answer was cut off', async () => {
    impostor.answer = carriesOut;
    const input = 'done-1\nfailed-1\nnot-sent-1\nsilent-1\n';
    const { code, stderr } = await commands.run([...move, '--left', left, '--left-unknown', unknown], {
      input,
    });
    expect(linesOf(left)).toEqual(['subscribe not-sent-1', 'unsubscribe not-sent-1']);
    expect(linesOf(unknown)).toEqual(['subscribe silent-1', 'unsubscribe silent-1']);
    // Those of which the first half was done were gone on with.
    expect(impostor.requests).toHaveLength(2);
    expect(stderr).not.toContain('still the old one');
    expect(code).toBe(3);
  });

  it('is the second half of a move when that is refused, and says who has both', async () => {
    impostor.answer = (request, response) =>
      impostor.requests.length === 1 ? carriesOut(request, response) : refuses(response);
    const { code, stderr } = await commands.run([...move, '--left', left], {
      input: 'done-1\ndone-2\nfailed-1\n',
    });
    expect(linesOf(left)).toEqual(['unsubscribe done-1', 'unsubscribe done-2']);
    expect(stderr).toContain(`it stops\n2 were not sent and never will be: see ${left}\n`);
    expect(stderr).toContain('2 have the new one and still the old one\n');
    expect(code).toBe(1);
  });

  it('is all of it when it was stopped while the ids were still being read', async () => {
    impostor.answer = carriesOut;
    const running = commands.start(['kick', '-', '-y', '--left', left]);
    // More than the pipe holds: when it is taken, somebody reads, and has since seen what came before.
    const nothing = '\n'.repeat(1_000_000);
    await write(running, `done-1\n${nothing}`);
    running.process.kill('SIGINT');
    await write(running, `done-2\n${nothing}`);
    running.process.stdin?.end();
    const { code, stderr } = await running.ended;
    expect(stderr).toContain(`2 were not sent and never will be: see ${left}\n`);
    expect(linesOf(left)).toEqual(['disconnect done-1', 'disconnect done-2']);
    expect(impostor.requests).toHaveLength(0);
    expect(code).toBe(1);
  });

  it('goes up to a line that is no operation, which does not mean that nothing was done', async () => {
    // The first one ends at once, what else was handed over when nothing more comes.
    impostor.answer = (request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).flushHeaders();
      let index = 0;
      const end = (): boolean =>
        response.write(
          `${JSON.stringify({ index: index++, clientid: 'c', outcome: 'done', status: 200 })}\n`,
        );
      let waiting = -1;
      createInterface(request)
        .on('line', (text) => {
          if (text !== '') waiting += 1;
          if (index === 0) end();
        })
        .on('close', () => {
          for (; waiting > 0; waiting -= 1) end();
          response.end(`${JSON.stringify({ summary: {} })}\n`);
        });
    };
    const running = commands.start(['bulk', '-', '-y', '--per-second', '2', '-o', 'ndjson', '--left', left]);
    const lines = ['a', 'b', 'c', 'd'].map((clientid) => JSON.stringify({ action: 'disconnect', clientid }));
    running.process.stdin?.end(`${lines.join('\n')}\nnonsense\n${lines.join('\n')}\n`);
    await running.says(/"index":0,/);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(stderr).toContain('3 done\nwhat was not sent is not told to its end: line 5 is no operation');
    expect(stderr).toContain(`1 were not sent and never will be: see ${left}\n`);
    expect(linesOf(left)).toEqual(['disconnect d']);
    expect(code).toBe(1);
  });

  it('cannot be had of a selection, whose list the service holds', async () => {
    for (const option of ['--left', '--left-unknown'])
      expect((await commands.run(['kick', '--clientid', 'a*', '-y', option, left])).code).toBe(2);
    expect(impostor.requests).toHaveLength(0);
  });

  it('is not begun for an id that cannot stand in one of the topics', async () => {
    impostor.answer = carriesOut;
    const { code } = await commands.run(
      ['move', '-', '-y', '--from', 'old/${clientid}', '--to', 'new', '--left', left],
      { input: 'done-1\ndone/2\n' },
    );
    expect(code).toBe(2);
    expect(impostor.requests).toHaveLength(0);
  });
});

describe('a move of clients that is stopped', () => {
  let fleet: Fleet;
  let commands: CommandLine;
  beforeAll(async () => {
    fleet = await Fleet.onEmbedded();
    commands = new CommandLine(fleet.service.url, TOKENS.admin, { CLIENT_CONTROL_PROJECT: 'p' });
  });
  afterAll(async () => {
    await fleet.disconnectAll();
    await fleet.stop();
    commands.stop();
  });

  it('can be gone on with, so that every client has the new subscription and none the old one', async () => {
    const left = join(commands.home, 'left.ndjson');
    await fleet.connectMany('b', 40, 'moved-');
    const ids = Array.from({ length: 40 }, (_, at) => `moved-${at}`);
    const input = ids.join('\n');
    expect((await commands.run(['sub', '-', '-y', '-t', 'old'], { input })).code).toBe(0);
    const words = ['move', '-', '-y', '--from', 'old', '--to', 'new', '--per-second', '10', '-o', 'ndjson'];
    const running = commands.start([...words, '--left', left]);
    running.process.stdin?.end(input);
    await running.says(/"index":3,/);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    const [, both = ''] = /(\d+) have the new one and still the old one/.exec(stderr) ?? [];
    expect(Number(both)).toBeGreaterThan(3);
    expect(code).toBe(1);
    const lines = linesOf(left);
    expect(lines).toHaveLength(Number(both) + 2 * (40 - Number(both)));

    expect((await commands.run(['bulk', left, '-y'])).code).toBe(0);
    const client = createClient({ url: fleet.service.url, token: TOKENS.admin });
    for (const clientid of ids) {
      const path = { projectId: 'p', brokerId: 'b' };
      const { data } = await client.getClient({ path, query: { clientid } });
      expect(data.subscriptions).toEqual([expect.objectContaining({ topic: 'new' })]);
    }
  });
});
