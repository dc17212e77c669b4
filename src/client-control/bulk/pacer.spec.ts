import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Pacer } from './pacer.js';

describe('Pacer', () => {
  let stop: AbortController;

  beforeEach(() => {
    jest.useFakeTimers();
    stop = new AbortController();
  });
  afterEach(() => void jest.useRealTimers());

  it('lets operations begin evenly', async () => {
    const pacer = new Pacer(100, stop.signal);
    let begun = 0;
    const begin = async (): Promise<never> => {
      for (;;) {
        await (pacer.take() ?? new Promise((resolve) => setTimeout(resolve, 1)));
        begun += 1;
      }
    };
    void begin();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(begun).toBeGreaterThan(950);
    expect(begun).toBeLessThan(1050);
  });

  it('does not make up for a pause with a burst', () => {
    const pacer = new Pacer(1000, stop.signal);
    jest.advanceTimersByTime(60_000);
    let burst = 0;
    while (pacer.take() === undefined) burst += 1;
    expect(burst).toBeLessThanOrEqual(52);
  });

  it('lets nobody wait once it is stopped, neither those who wait nor those who come', async () => {
    const pacer = new Pacer(1, stop.signal);
    const turns = [pacer.take(), pacer.take(), pacer.take()];
    expect(turns.map((turn) => turn === undefined)).toEqual([true, false, false]);
    stop.abort();
    for (const turn of turns) await turn;
    expect(pacer.take()).toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
  });
});
