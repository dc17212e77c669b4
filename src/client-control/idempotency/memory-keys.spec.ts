import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KEEP_MS } from './key-store.js';
import { MemoryKeys } from './memory-keys.js';

const LONG = 'x'.repeat(10_000_000);

describe('keys in memory', () => {
  let keys: MemoryKeys;

  beforeEach(() => {
    jest.useFakeTimers();
    keys = new MemoryKeys();
  });
  afterEach(() => void jest.useRealTimers());

  const isFree = async (key: string): Promise<boolean> => (await keys.begin(key, 'body')) === undefined;

  it('are kept for 24 hours, and not longer, even if their call never ended', async () => {
    await keys.begin('ended', 'body');
    await keys.finish('ended', { body: 'body', result: 'done' });
    await keys.begin('open', 'body');
    jest.advanceTimersByTime(KEEP_MS - 1);
    expect([await isFree('ended'), await isFree('open')]).toEqual([false, false]);
    jest.advanceTimersByTime(1);
    expect([await isFree('ended'), await isFree('open')]).toEqual([true, true]);
  });

  it('make room for others, oldest first, unless their call goes on', async () => {
    await keys.begin('open', 'body');
    for (const key of ['1', '2', '3', '4']) {
      await keys.begin(key, 'body');
      await keys.finish(key, { body: 'body', result: LONG });
    }
    expect(await isFree('open')).toBe(false);
    expect([await isFree('1'), await isFree('4')]).toEqual([true, false]);
  });
});
