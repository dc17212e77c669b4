import { describe, expect, it } from '@jest/globals';
import { reconnectDelayMs } from './reconnect-policy.js';

const bounds = { minDelayMs: 250, maxDelayMs: 30_000 };
const highest = 1 - Number.EPSILON;

describe('reconnectDelayMs', () => {
  it.each([
    [0, 250],
    [1, 500],
    [2, 1000],
    [6, 16_000],
    [7, 30_000],
    [1000, 30_000],
  ])('doubles its bound with each attempt up to the maximum: attempt %i, at most %i ms', (attempt, bound) => {
    expect(reconnectDelayMs(attempt, bounds, highest)).toBe(bound);
  });

  it('uses the whole range below the bound, zero included', () => {
    expect(reconnectDelayMs(3, bounds, 0)).toBe(0);
    expect(reconnectDelayMs(3, bounds, 0.5)).toBe(1000);
  });
});
