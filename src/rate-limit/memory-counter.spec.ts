import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryCounter } from './memory-counter.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('MemoryCounter', () => {
  it('counts each key by itself, in windows of a minute that begin with its first', () => {
    const counter = new MemoryCounter();
    expect(counter.count('a')).toEqual({ count: 1, endsInMs: 60_000 });
    jest.advanceTimersByTime(20_000);
    expect(counter.count('a')).toEqual({ count: 2, endsInMs: 40_000 });
    expect(counter.count('b')).toEqual({ count: 1, endsInMs: 60_000 });
    jest.advanceTimersByTime(40_000);
    expect(counter.count('a')).toEqual({ count: 1, endsInMs: 60_000 });
    expect(counter.count('b').count).toBe(2);
  });

  it('does not care what is done to the time of day', () => {
    const counter = new MemoryCounter();
    counter.count('a');
    jest.setSystemTime(Date.now() - 86_400_000);
    expect(counter.count('a')).toEqual({ count: 2, endsInMs: 60_000 });
  });

  it('forgets windows that have ended', () => {
    const counter = new MemoryCounter();
    for (let i = 0; i < 1000; i++) counter.count(`old ${i}`);
    jest.advanceTimersByTime(60_000);
    for (let i = 0; i < 1000; i++) counter.count(`new ${i}`);
    expect(counter.size).toBe(1000);
  });

  it('keeps 100,000 keys, and gives up the oldest windows for more', () => {
    const counter = new MemoryCounter();
    for (let i = 0; i < 100_002; i++) counter.count(String(i));
    expect(counter.size).toBeLessThanOrEqual(100_000);
    expect(counter.count('100001').count).toBe(2);
    expect(counter.count('0').count).toBe(1);
  });
});
