import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { LineBuffer } from './line-buffer.js';

describe('LineBuffer', () => {
  let written: string[];
  let buffer: LineBuffer;

  beforeEach(() => {
    written = [];
    buffer = new LineBuffer({ write: (text) => written.push(text) });
  });

  it('writes the lines of one turn of the event loop at once, in order', async () => {
    buffer.write('a\n');
    buffer.write('b\n');
    expect(written).toEqual([]);
    await nextTurn();
    buffer.write('c\n');
    await nextTurn();
    expect(written).toEqual(['a\nb\n', 'c\n']);
  });

  it('writes what has gathered when it is flushed, and nothing twice', async () => {
    buffer.write('a\n');
    buffer.flush();
    expect(written).toEqual(['a\n']);
    await nextTurn();
    buffer.flush();
    expect(written).toEqual(['a\n']);
  });

  it('takes lines again while it writes', () => {
    const echoing = new LineBuffer({
      write: (text) => {
        written.push(text);
        if (text === 'a\n') echoing.write('b\n');
      },
    });
    echoing.write('a\n');
    echoing.flush();
    echoing.flush();
    expect(written).toEqual(['a\n', 'b\n']);
  });
});
