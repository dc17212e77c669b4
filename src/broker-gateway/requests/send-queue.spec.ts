import { beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ControlApi } from '../protocol/control-api.js';
import { SendQueue, type Room, type Sendable } from './send-queue.js';

interface Command extends Sendable {
  readonly name: string;
}

let sent: string[][];
let unwanted: Set<string>;
let room: number;
let largestRoom: Room;

beforeEach(() => {
  sent = [];
  unwanted = new Set();
  room = Number.POSITIVE_INFINITY;
  largestRoom = 'any';
});

const make = (limits = { maxCommands: 3, maxBytes: 1000 }): SendQueue<Command> =>
  new SendQueue<Command>(
    limits,
    () => (room > 0 ? largestRoom : 'none'),
    (_api, batch) => {
      room -= 1;
      sent.push(batch.map(({ name }) => name));
    },
  );

const command = (name: string, more: Partial<Command> = {}): Command => ({
  name,
  api: 'clientControl',
  size: 1,
  bytes: name.length,
  isBulk: false,
  isHeavy: false,
  get isQueued() {
    return !unwanted.has(name);
  },
  ...more,
});

const add = (queue: SendQueue<Command>, ...names: string[]): void => {
  for (const name of names) queue.add(command(name));
};

/** A sent command is no longer queued, as in {@link ControlRequest}. */
const addOf = (queue: SendQueue<Command>, api: ControlApi, ...names: string[]): void => {
  for (const name of names) queue.add(command(name, { api }));
};

describe('SendQueue', () => {
  it('sends the commands of one tick together, and those of the next tick apart', async () => {
    const queue = make();
    add(queue, 'a', 'b');
    expect(sent).toEqual([]);
    await nextTurn();
    add(queue, 'c');
    await nextTurn();
    expect(sent).toEqual([['a', 'b'], ['c']]);
  });

  it('gives 32 commands to a broker with nothing to do, and the rest of the tick in one message', async () => {
    const queue = make({ maxCommands: 100, maxBytes: 1000 });
    const names = Array.from({ length: 70 }, (_, number) => String(number));
    largestRoom = 'idle';
    add(queue, ...names.slice(0, 40));
    largestRoom = 'any';
    add(queue, ...names.slice(40));
    expect(sent).toEqual([names.slice(0, 32)]);
    await nextTurn();
    expect(sent.slice(1)).toEqual([names.slice(32)]);
  });

  it('keeps bulk commands until the end of the tick, however many, and what the connection does not take', async () => {
    const queue = make({ maxCommands: 100, maxBytes: 1000 });
    largestRoom = 'idle';
    for (let number = 0; number < 40; number += 1) queue.add(command('bulk', { isBulk: true }));
    add(queue, ...Array<string>(32).fill('single'));
    expect(sent).toEqual([Array<string>(32).fill('single')]);
    room = 0;
    add(queue, ...Array<string>(40).fill('more'));
    await nextTurn();
    expect(sent).toHaveLength(1);
    room = 2;
    queue.flush();
    expect(sent.slice(1).map((batch) => [batch[0], batch.length])).toEqual([
      ['more', 40],
      ['bulk', 40],
    ]);
  });

  it('forgets what it counted with what it forgets', async () => {
    const queue = make({ maxCommands: 100, maxBytes: 1000 });
    largestRoom = 'idle';
    add(queue, ...Array<string>(31).fill('gone'));
    queue.clear();
    add(queue, 'a');
    expect(sent).toEqual([]);
    await nextTurn();
    expect(sent).toEqual([['a']]);
  });

  it('splits at the largest number of commands', async () => {
    const queue = make();
    add(queue, 'a', 'b', 'c', 'd');
    await nextTurn();
    expect(sent).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('counts all commands of what travels together, and never takes it apart', async () => {
    const queue = make();
    queue.add(command('two', { size: 2 }));
    queue.add(command('more', { size: 2 }));
    queue.add(command('one'));
    queue.add(command('many', { size: 9 }));
    await nextTurn();
    expect(sent).toEqual([['two'], ['more', 'one'], ['many']]);
  });

  it('splits at the largest number of bytes, and sends a larger command alone', async () => {
    const queue = make({ maxCommands: 10, maxBytes: 8 });
    add(queue, 'aaa', 'bbb', 'c', 'dddddddddddd', 'e');
    await nextTurn();
    expect(sent).toEqual([['aaa', 'bbb'], ['c'], ['dddddddddddd'], ['e']]);
  });

  it('puts one heavy command at most into a message', async () => {
    const queue = make();
    for (const name of ['a', 'b']) queue.add(command(name, { isHeavy: true }));
    add(queue, 'c');
    await nextTurn();
    expect(sent).toEqual([['a'], ['b', 'c']]);
  });

  it('keeps commands while the connection takes none, in order, until it is flushed', async () => {
    const queue = make();
    room = 1;
    add(queue, 'a', 'b', 'c', 'd', 'e');
    await nextTurn();
    expect(sent).toEqual([['a', 'b', 'c']]);
    add(queue, 'f');
    await nextTurn();
    expect(sent).toHaveLength(1);
    room = 2;
    queue.flush();
    expect(sent.slice(1)).toEqual([['d', 'e', 'f']]);
  });

  it('never sends what is no longer wanted', async () => {
    const queue = make();
    room = 0;
    add(queue, 'a', 'b', 'c', 'd');
    await nextTurn();
    unwanted = new Set(['a', 'c']);
    queue.dropUnwanted();
    room = 5;
    queue.flush();
    expect(sent).toEqual([['b', 'd']]);
  });

  it('sends bulk commands after all others, whatever API they belong to', async () => {
    const queue = make();
    for (const name of ['x', 'y', 'z', 'w']) queue.add(command(name, { isBulk: true }));
    addOf(queue, 'extension', 'a');
    add(queue, 'b');
    await nextTurn();
    expect(sent.map((batch) => batch.join(''))).toEqual(['b', 'a', 'xyz', 'w']);
  });

  it('keeps bulk commands back while there is room for others only', async () => {
    const queue = make();
    largestRoom = 'single';
    queue.add(command('x', { isBulk: true }));
    add(queue, 'a');
    await nextTurn();
    expect(sent).toEqual([['a']]);
    largestRoom = 'any';
    queue.flush();
    expect(sent).toEqual([['a'], ['x']]);
  });

  it('lets the APIs take turns, so that a busy one does not starve another', async () => {
    const queue = make({ maxCommands: 1, maxBytes: 1000 });
    add(queue, 'a', 'b', 'c');
    addOf(queue, 'clientInspect', 'x');
    room = 2;
    await nextTurn();
    expect(sent.flat().sort()).toEqual(['a', 'x']);
  });

  it('forgets everything when cleared', async () => {
    const queue = make();
    add(queue, 'a');
    queue.clear();
    await nextTurn();
    queue.flush();
    expect(sent).toEqual([]);
  });
});
