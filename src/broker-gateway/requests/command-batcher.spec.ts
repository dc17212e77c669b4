import { beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CommandBatcher } from './command-batcher.js';

interface Command {
  readonly encoded: string;
}

let sent: string[][];
let unwanted: Set<string>;
let room: number;

beforeEach(() => {
  sent = [];
  unwanted = new Set();
  room = Number.POSITIVE_INFINITY;
});

const make = (limits = { maxCommands: 3, maxCharacters: 1000 }): CommandBatcher<Command> =>
  new CommandBatcher<Command>(
    limits,
    ({ encoded }) => !unwanted.has(encoded),
    () => room > 0,
    (batch) => {
      room -= 1;
      sent.push(batch.map(({ encoded }) => encoded));
    },
  );

const add = (batcher: CommandBatcher<Command>, ...commands: string[]): void => {
  for (const encoded of commands) batcher.add({ encoded });
};

describe('CommandBatcher', () => {
  it('sends the commands of one tick together, and those of the next tick apart', async () => {
    const batcher = make();
    add(batcher, 'a', 'b');
    expect(sent).toEqual([]);
    await nextTurn();
    add(batcher, 'c');
    await nextTurn();
    expect(sent).toEqual([['a', 'b'], ['c']]);
  });

  it('splits at the largest number of commands', async () => {
    const batcher = make();
    add(batcher, 'a', 'b', 'c', 'd');
    await nextTurn();
    expect(sent).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('splits at the largest number of characters, and sends a larger command alone', async () => {
    const batcher = make({ maxCommands: 10, maxCharacters: 8 });
    add(batcher, 'aaa', 'bbb', 'c', 'dddddddddddd', 'e');
    await nextTurn();
    expect(sent).toEqual([['aaa', 'bbb'], ['c'], ['dddddddddddd'], ['e']]);
  });

  it('keeps commands while the connection takes none, in order, until it is flushed', async () => {
    const batcher = make();
    room = 1;
    add(batcher, 'a', 'b', 'c', 'd', 'e');
    await nextTurn();
    expect(sent).toEqual([['a', 'b', 'c']]);
    add(batcher, 'f');
    await nextTurn();
    expect(sent).toHaveLength(1);
    room = 2;
    batcher.flush();
    expect(sent.slice(1)).toEqual([['d', 'e', 'f']]);
  });

  it('never sends what is no longer wanted', async () => {
    const batcher = make();
    room = 0;
    add(batcher, 'a', 'b', 'c', 'd');
    await nextTurn();
    unwanted = new Set(['a', 'c']);
    batcher.dropUnwanted();
    room = 5;
    batcher.flush();
    expect(sent).toEqual([['b', 'd']]);
  });

  it('forgets everything when cleared', async () => {
    const batcher = make();
    add(batcher, 'a');
    batcher.clear();
    await nextTurn();
    batcher.flush();
    expect(sent).toEqual([]);
  });
});
