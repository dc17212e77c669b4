import { describe, expect, it } from '@jest/globals';
import { backOffMs } from './back-off.js';

describe('backOffMs', () => {
  it('doubles up to half a minute', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 1000].map((attempt) => backOffMs(attempt, 1000, () => 0))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it('takes up to half off by chance', () => {
    expect(backOffMs(2, 1000, () => 0.999)).toBe(2002);
  });

  it('begins with what the service asks for', () => {
    expect(backOffMs(0, 5000, () => 0)).toBe(5000);
  });
});
