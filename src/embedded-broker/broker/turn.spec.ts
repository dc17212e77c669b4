import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Turn } from './turn.js';

afterEach(() => {
  jest.useRealTimers();
});

describe('turns', () => {
  it('lets one of those who wait go on in each round of the event loop', async () => {
    let rounds = 0;
    const count = (): void => {
      rounds += 1;
      pending = setImmediate(count);
    };
    let pending = setImmediate(count);
    const order: string[] = [];
    const work = async (name: string): Promise<void> => {
      const turn = new Turn();
      for (let part = 0; part < 5; part += 1) {
        await turn.next();
        order.push(name);
      }
    };
    await Promise.all(['a', 'b', 'c'].map(work));
    clearImmediate(pending);
    expect(order.join('')).toBe('abc'.repeat(5));
    expect(rounds).toBeGreaterThanOrEqual(14);
  });

  it('are over after some milliseconds', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const turn = new Turn();
    jest.advanceTimersByTime(3);
    expect(turn.isOver).toBe(false);
    jest.advanceTimersByTime(2);
    expect(turn.isOver).toBe(true);
    await turn.next();
    expect(turn.isOver).toBe(false);
  });
});
