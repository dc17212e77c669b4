import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KEEP_MS } from './key-store.js';
import { MemoryKeys } from './memory-keys.js';

const LONG = 'x'.repeat(10_000_000);
const CALL = { body: 'body', callId: 'call' };

describe('keys in memory', () => {
  let keys: MemoryKeys;

  beforeEach(() => {
    jest.useFakeTimers();
    keys = new MemoryKeys();
  });
  afterEach(() => void jest.useRealTimers());

  const isFree = async (key: string): Promise<boolean> => (await keys.begin(key, CALL)) === undefined;

  it('are kept for 24 hours, and not longer, even if their call never ended', async () => {
    await keys.begin('ended', CALL);
    await keys.finish('ended', { ...CALL, result: 'done' });
    await keys.begin('open', CALL);
    jest.advanceTimersByTime(KEEP_MS - 1);
    expect([await isFree('ended'), await isFree('open')]).toEqual([false, false]);
    jest.advanceTimersByTime(1);
    expect([await isFree('ended'), await isFree('open')]).toEqual([true, true]);
  });

  it('make room for others, oldest first, unless their call goes on', async () => {
    await keys.begin('open', CALL);
    for (const key of ['1', '2', '3', '4']) {
      await keys.begin(key, CALL);
      await keys.finish(key, { ...CALL, result: LONG });
    }
    expect(await isFree('open')).toBe(false);
    expect([await isFree('1'), await isFree('4')]).toEqual([true, false]);
  });
});
