import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { isoTime } from './iso-time.js';

describe('isoTime', () => {
  afterEach(() => void jest.useRealTimers());

  it('is the time of the call, to the millisecond', () => {
    jest.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
    expect(isoTime()).toBe(',"time":"2026-01-02T03:04:05.006Z"');
    expect(isoTime()).toBe(',"time":"2026-01-02T03:04:05.006Z"');
    jest.advanceTimersByTime(1);
    expect(isoTime()).toBe(',"time":"2026-01-02T03:04:05.007Z"');
  });
});
