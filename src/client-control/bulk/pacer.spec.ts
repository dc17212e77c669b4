import { describe, expect, it } from '@jest/globals';
import { Pacer } from './pacer.js';

describe('Pacer', () => {
  it('lets operations begin evenly', () => {
    let now = 0;
    const pacer = new Pacer(100, () => now);
    let begun = 0;
    for (; now < 10_000; now += 1) {
      // Whoever has to wait comes back when the time is up.
      const waitMs = pacer.take();
      begun += 1;
      now += waitMs;
    }
    expect(begun).toBeGreaterThan(950);
    expect(begun).toBeLessThan(1050);
  });

  it('does not make up for a pause with a burst', () => {
    let now = 0;
    const pacer = new Pacer(1000, () => now);
    now = 60_000;
    let burst = 0;
    while (pacer.take() === 0) burst += 1;
    expect(burst).toBeLessThanOrEqual(52);
  });
});
