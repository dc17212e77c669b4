import { describe, expect, it, jest } from '@jest/globals';
import { OperationFeed } from './operation-feed.js';
import type { Operation } from './operation.js';

const kick = (at: number): Operation => ({ action: 'disconnect', clientid: `c${at}` });

function* kicks(count: number): Generator<Operation> {
  for (let at = 0; at < count; at++) yield kick(at);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('OperationFeed', () => {
  it('hands over no more than may be open', async () => {
    const feed = new OperationFeed(kicks(10), 3);
    expect(await feed.take(100)).toHaveLength(3);
    const next = feed.take(100);
    feed.settle(1);
    expect(await next).toEqual([kick(3)]);
    expect(feed.open).toEqual([kick(0), kick(2), kick(3)]);
  });

  it('gives what there is, rather than to wait for more', async () => {
    async function* slowly(): AsyncGenerator<Operation> {
      yield* kicks(2);
      await new Promise(() => undefined);
    }
    const feed = new OperationFeed(slowly(), undefined);
    expect(await feed.take(100)).toHaveLength(2);
  });

  it('ends at once when it is stopped, whatever it waits for', async () => {
    const full = new OperationFeed(kicks(10), 1);
    await full.take(1);
    const next = full.take(1);
    full.stop();
    expect(await next).toEqual([]);
    const never: AsyncIterable<Operation> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    };
    const waiting = new OperationFeed(never, undefined);
    const nothing = waiting.take(1);
    waiting.stop();
    expect(await nothing).toEqual([]);
  });

  it('knows what was never handed over, what was asked of the source meanwhile included', async () => {
    let give: (() => void) | undefined;
    async function* source(): AsyncGenerator<Operation> {
      yield kick(0);
      await new Promise<void>((resolve) => (give = resolve));
      yield* [kick(1), kick(2)];
    }
    const feed = new OperationFeed(source(), undefined);
    expect(await feed.take(1)).toEqual([kick(0)]);
    const next = feed.take(1);
    await new Promise(setImmediate);
    feed.stop();
    expect(await next).toEqual([]);
    give?.();
    expect(await all(feed.rest())).toEqual([kick(1), kick(2)]);
    expect(feed.open).toEqual([kick(0)]);
  });

  it('hands nothing over, not even a sign of life, once nobody reads its body any more', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const feed = new OperationFeed(kicks(2), 1);
      const reader = feed.toStream().getReader();
      await reader.read();
      // The next piece is waited for: the one before has not ended.
      await new Promise(setImmediate);
      await reader.cancel();
      await new Promise(setImmediate);
      expect(() => jest.advanceTimersByTime(60_000)).not.toThrow();
      feed.settle(0);
      expect(await all(feed.rest())).toEqual([kick(1)]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('keeps what the source threw', async () => {
    function* broken(): Generator<Operation> {
      yield kick(0);
      throw new RangeError('no operation');
    }
    const feed = new OperationFeed(broken(), undefined);
    await expect(feed.take(2)).rejects.toThrow('no operation');
    expect(feed.failure).toBeInstanceOf(RangeError);
  });
});
