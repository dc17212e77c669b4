import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PendingRequests, type Expiring } from './pending-requests.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function collecting(): { pending: PendingRequests<Expiring>; expired: string[][] } {
  const expired: string[][] = [];
  const pending = new PendingRequests<Expiring>((requests) => expired.push(requests.map(({ id }) => id)));
  return { pending, expired };
}

const inMs = (id: string, ms: number): Expiring => ({ id, deadlineAt: performance.now() + ms });

describe('PendingRequests', () => {
  it('hands a request over to one taker only', () => {
    const { pending } = collecting();
    pending.add(inMs('a', 100));
    expect(pending.remove('a')?.id).toBe('a');
    expect(pending.remove('a')).toBeUndefined();
    expect(pending.remove('never')).toBeUndefined();
    expect(pending.size).toBe(0);
  });

  it('expires each request at its deadline, not before', () => {
    const { pending, expired } = collecting();
    pending.add(inMs('a', 100));
    jest.advanceTimersByTime(40);
    pending.add(inMs('b', 100));
    jest.advanceTimersByTime(59);
    expect(expired).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expired).toEqual([['a']]);
    jest.advanceTimersByTime(40);
    expect(expired).toEqual([['a'], ['b']]);
  });

  it('does not expire what was removed, and still expires what came after it', () => {
    const { pending, expired } = collecting();
    pending.add(inMs('a', 100));
    jest.advanceTimersByTime(50);
    pending.add(inMs('b', 100));
    pending.remove('a');
    jest.advanceTimersByTime(200);
    expect(expired).toEqual([['b']]);
  });

  it('keeps one timer for any number of requests', () => {
    const { pending, expired } = collecting();
    for (let i = 0; i < 1000; i++) pending.add(inMs(String(i), 100));
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(100);
    expect(expired).toHaveLength(1);
    expect(expired[0]).toHaveLength(1000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('works again after it ran empty', () => {
    const { pending, expired } = collecting();
    pending.add(inMs('a', 10));
    jest.advanceTimersByTime(10);
    pending.add(inMs('b', 10));
    jest.advanceTimersByTime(10);
    expect(expired).toEqual([['a'], ['b']]);
  });

  it('lists all, oldest first', () => {
    const { pending } = collecting();
    for (const id of ['a', 'b', 'c']) pending.add(inMs(id, 10));
    pending.remove('b');
    expect(pending.all().map(({ id }) => id)).toEqual(['a', 'c']);
    expect(pending.get('c')?.id).toBe('c');
    expect(pending.get('b')).toBeUndefined();
  });

  it('leaves no timer behind when closed', () => {
    const { pending } = collecting();
    pending.add(inMs('a', 10));
    pending.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
