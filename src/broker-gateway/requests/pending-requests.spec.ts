import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PendingRequests, type Expiring } from './pending-requests.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function collecting(): { pending: PendingRequests<Expiring>; expired: number[][] } {
  const expired: number[][] = [];
  const pending = new PendingRequests<Expiring>((requests) =>
    expired.push(requests.map(({ number }) => number)),
  );
  return { pending, expired };
}

const inMs = (number: number, ms: number): Expiring => ({ number, deadlineAt: performance.now() + ms });

describe('PendingRequests', () => {
  it('hands a request over to one taker only', () => {
    const { pending } = collecting();
    pending.add(inMs(1, 100));
    expect(pending.remove(1)?.number).toBe(1);
    expect(pending.remove(1)).toBeUndefined();
    expect(pending.remove(9)).toBeUndefined();
    expect(pending.size).toBe(0);
  });

  it('expires each request at its deadline, not before', () => {
    const { pending, expired } = collecting();
    pending.add(inMs(1, 100));
    jest.advanceTimersByTime(40);
    pending.add(inMs(2, 100));
    jest.advanceTimersByTime(59);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual([[1]]);
    jest.advanceTimersByTime(40);
    expect(expired).toEqual([[1], [2]]);
  });

  it('does not expire what was removed, and still expires what came after it', () => {
    const { pending, expired } = collecting();
    pending.add(inMs(1, 100));
    jest.advanceTimersByTime(50);
    pending.add(inMs(2, 100));
    pending.remove(1);
    jest.advanceTimersByTime(200);
    expect(expired).toEqual([[2]]);
  });

  it('keeps one timer for any number of requests', () => {
    const { pending, expired } = collecting();
    for (let i = 0; i < 1000; i++) pending.add(inMs(i, 100));
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(100);
    expect(expired).toHaveLength(1);
    expect(expired[0]).toHaveLength(1000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('works again after it ran empty', () => {
    const { pending, expired } = collecting();
    pending.add(inMs(1, 10));
    jest.advanceTimersByTime(10);
    pending.add(inMs(2, 10));
    jest.advanceTimersByTime(10);
    expect(expired).toEqual([[1], [2]]);
  });

  it('expires what comes after numbers that were left out', () => {
    const { pending, expired } = collecting();
    pending.add(inMs(1, 10));
    pending.remove(1);
    pending.add(inMs(7, 10));
    pending.add(inMs(9, 10));
    jest.advanceTimersByTime(10);
    expect(expired).toEqual([[7, 9]]);
    expect(pending.size).toBe(0);
  });

  it('finds each request by its number, however many came and went around it', () => {
    const { pending, expired } = collecting();
    for (let number = 0; number < 10_000; number += 1) {
      pending.add(inMs(number, 100));
      if (number % 1000 !== 0) expect(pending.remove(number)?.number).toBe(number);
    }
    expect(pending.all().map(({ number }) => number / 1000)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(pending.get(9000)?.number).toBe(9000);
    for (const unknown of [9001, -1, 10_000, Number.MAX_SAFE_INTEGER])
      expect(pending.get(unknown)).toBeUndefined();
    jest.advanceTimersByTime(100);
    expect(expired).toEqual([[0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]]);
  });

  it('lists all, oldest first', () => {
    const { pending } = collecting();
    for (const number of [1, 2, 3]) pending.add(inMs(number, 10));
    pending.remove(2);
    expect(pending.all().map(({ number }) => number)).toEqual([1, 3]);
    expect(pending.get(3)?.number).toBe(3);
    expect(pending.get(2)).toBeUndefined();
  });

  it('leaves no timer behind when closed', () => {
    const { pending } = collecting();
    pending.add(inMs(1, 10));
    pending.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
