import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OwedReleases } from './owed-releases.js';

describe('keys that are to be freed', () => {
  let isUp: boolean;
  let freed: string[];
  let tries: number;
  let owed: OwedReleases;

  beforeEach(() => {
    jest.useFakeTimers();
    isUp = true;
    freed = [];
    tries = 0;
    owed = new OwedReleases((key, value) => {
      tries += 1;
      if (!isUp) return Promise.reject(new Error('no answer'));
      freed.push(`${key}=${value}`);
      return Promise.resolve();
    }, 60_000);
  });
  afterEach(() => void jest.useRealTimers());

  it('are freed at once', async () => {
    owed.add('a', '1');
    expect(tries).toBe(1);
    await jest.advanceTimersByTimeAsync(0);
    expect(freed).toEqual(['a=1']);
    expect(owed.size).toBe(0);
  });

  it('are tried again until Redis answers, one at a time while it does not', async () => {
    isUp = false;
    for (const [key, value] of [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ] as const)
      owed.add(key, value);
    await jest.advanceTimersByTimeAsync(5000);
    expect(tries).toBeLessThanOrEqual(3 + 10);
    isUp = true;
    await jest.advanceTimersByTimeAsync(1000);
    expect(freed).toEqual(['a=1', 'b=2', 'a=3']);
    owed.add('c', '4');
    await jest.advanceTimersByTimeAsync(0);
    expect(freed).toContain('c=4');
  });

  it('are forgotten when they have ended by themselves, and are bounded in number', async () => {
    isUp = false;
    for (let index = 0; index < 10_050; index += 1) owed.add('key', String(index));
    expect(owed.size).toBe(10_000);
    await jest.advanceTimersByTimeAsync(61_000);
    expect(owed.size).toBe(0);
  });
});
