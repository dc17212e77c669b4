import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OutputBuffer } from './output-buffer.js';

/** Takes bytes up to its room, then refuses like a full pipe or disk. */
class FakeOutput {
  readonly writes: string[] = [];
  room = Infinity;
  code = 'EAGAIN';

  readonly write = (bytes: Buffer): number => {
    if (this.room === 0) throw Object.assign(new Error(this.code), { code: this.code });
    const taken = Math.min(bytes.length, this.room);
    this.room -= taken;
    this.writes.push(bytes.subarray(0, taken).toString());
    return taken;
  };

  get text(): string {
    return this.writes.join('');
  }
}

let output: FakeOutput;
let buffer: OutputBuffer;
beforeEach(() => {
  output = new FakeOutput();
  buffer = new OutputBuffer(output.write, false, 100);
});

describe('an output that others write to', () => {
  const lines = (count: number, length: number): string[] =>
    Array.from({ length: count }, (_, index) => `${String(index).padEnd(length - 1, '.')}\n`);

  it('gets whole lines, as many at once as a pipe takes in one piece', () => {
    const shared = new OutputBuffer(output.write, true);
    const written = [...lines(40, 300), ...lines(1, 9000), ...lines(3, 4096), 'last\n'];
    for (const line of written) shared.write(line);
    shared.flush();
    expect(output.text).toBe(written.join(''));
    for (const piece of output.writes) expect(piece.endsWith('\n')).toBe(true);
    expect(output.writes.map(({ length }) => length)).toEqual([
      3900, 3900, 3900, 300, 9000, 4096, 4096, 4096, 5,
    ]);
  });

  it('goes on at a line where it was full', () => {
    const shared = new OutputBuffer((bytes) => {
      // As a pipe does with a piece that it has no room for.
      if (bytes.length > output.room) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
      return output.write(bytes);
    }, true);
    output.room = 9000;
    for (const line of lines(100, 100)) shared.write(line);
    expect(shared.flush()).toBe(false);
    expect(output.text.endsWith('\n')).toBe(true);
    output.room = Infinity;
    expect(shared.flush()).toBe(true);
    expect(output.text).toBe(lines(100, 100).join(''));
  });
});

describe('an output that takes everything', () => {
  it('gets the lines of one turn of the event loop at once, in order', async () => {
    buffer.write('a\n');
    buffer.write('b\n');
    expect(output.writes).toEqual([]);
    await nextTurn();
    buffer.write('c\n');
    await nextTurn();
    expect(output.writes).toEqual(['a\nb\n', 'c\n']);
  });

  it('gets what has gathered when it is flushed, and nothing twice', async () => {
    buffer.write('a\n');
    expect(buffer.flush()).toBe(true);
    expect(output.writes).toEqual(['a\n']);
    await nextTurn();
    expect(buffer.flush()).toBe(true);
    expect(output.writes).toEqual(['a\n']);
  });

  it('gets lines that are written while it writes', () => {
    const echoing = new OutputBuffer((bytes) => {
      if (bytes.toString() === 'a\n') echoing.write('b\n');
      return output.write(bytes);
    }, false);
    echoing.write('a\n');
    echoing.flush();
    echoing.flush();
    expect(output.writes).toEqual(['a\n', 'b\n']);
  });
});

describe.each(['EAGAIN', 'ENOSPC', 'EPIPE'])('an output that fails with %s', (code) => {
  beforeEach(() => {
    jest.useFakeTimers();
    output.code = code;
  });
  afterEach(() => void jest.useRealTimers());

  it('gets everything, whole and in order, when it takes bytes again', () => {
    output.room = 5;
    buffer.write('first\n');
    expect(buffer.flush()).toBe(false);
    buffer.write('second\n');
    expect(buffer.flush()).toBe(false);
    expect(output.text).toBe('first');
    output.room = Infinity;
    jest.advanceTimersByTime(1000);
    expect(output.text).toBe('first\nsecond\n');
    expect(buffer.lost).toBe(0);
    expect(buffer.flush()).toBe(true);
  });

  it('loses whole lines over the bound, counts them, and tells of them once it can', () => {
    const told: number[] = [];
    buffer.onRecovery = (lost) => told.push(lost);
    output.room = 0;
    for (let line = 1; line <= 30; line += 1) {
      buffer.write(`line ${String(line).padStart(4, '0')}\n`);
      buffer.flush();
    }
    expect(buffer.lost).toBe(20);
    expect(told).toEqual([]);
    output.room = Infinity;
    jest.advanceTimersByTime(2000);
    expect(told).toEqual([20]);
    expect(output.text.split('\n')).toHaveLength(11);
    expect(output.text).toMatch(/line 0010\n$/);
    buffer.write('after\n');
    buffer.flush();
    expect(output.text).toMatch(/line 0010\nafter\n$/);
    expect(told).toEqual([20]);
  });

  it('keeps the lines of one turn that fit, and no half of one', () => {
    output.room = 0;
    for (let line = 0; line < 30; line += 1) buffer.write(`line ${String(line).padStart(4, '0')}\n`);
    expect(buffer.flush()).toBe(false);
    expect(buffer.lost).toBe(20);
    output.room = Infinity;
    buffer.flush();
    expect(output.text).toMatch(/line 0009\n$/);
  });

  it('is not waited for longer than was said', () => {
    jest.useRealTimers();
    output.room = 0;
    buffer.write('a\n');
    const flushMs = (): number => {
      const startedAt = performance.now();
      buffer.flushWithin(50);
      return performance.now() - startedAt;
    };
    // The best of some: the machine may have stopped for others meanwhile.
    expect(Math.min(flushMs(), flushMs(), flushMs())).toBeLessThan(1000);
    expect(output.text).toBe('');
  });
});

describe('whoever writes much', () => {
  const isSettled = async (): Promise<boolean> => {
    let settled = false;
    void buffer.settled().then(() => (settled = true));
    await Promise.resolve();
    return settled;
  };

  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('goes on when the output has taken what was written', async () => {
    expect(await isSettled()).toBe(true);
    output.room = 5;
    buffer.write('0123456789\n');
    let settled = false;
    void buffer.settled().then(() => (settled = true));
    await jest.advanceTimersByTimeAsync(500);
    expect(settled).toBe(false);
    output.room = Infinity;
    await jest.advanceTimersByTimeAsync(500);
    expect(settled).toBe(true);
  });

  it('waits no more than a second or two for an output that takes nothing', async () => {
    output.room = 0;
    for (let round = 0; round < 3; round += 1) {
      buffer.write('a line\n');
      let settled = false;
      void buffer.settled().then(() => (settled = true));
      await jest.advanceTimersByTimeAsync(round === 0 ? 2000 : 10);
      expect(settled).toBe(true);
    }
  });
});
