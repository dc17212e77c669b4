import { describe, expect, it } from '@jest/globals';
import { readTime, timeProblem, writeTime } from './time.js';

describe('times', () => {
  it.each([
    ['2026-11-23T12:00:00Z', '2026-11-23T12:00:00.000Z'],
    ['2026-11-23T12:00:00.5+02:00', '2026-11-23T10:00:00.500Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['1795435200000', '2026-11-23T12:00:00.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
  ])('%j is read as %s', (given, written) => {
    const time = readTime(given);
    expect(timeProblem(time)).toBeUndefined();
    expect(writeTime(time as number)).toBe(written);
  });

  it.each(['tomorrow', '2026-11-23', '2026-11-23T12:00:00', '1969-01-01T00:00:00Z', -1, 0.5, null])(
    '%j is none',
    (given) => {
      expect(timeProblem(readTime(given))).toContain('must be a date and time');
    },
  );

  it.each(['253402300800000', 8.64e15, 8.64e15 + 1, Number.MAX_SAFE_INTEGER])('%j is too late', (given) => {
    expect(timeProblem(readTime(given))).toBe('must not be after the year 9999');
  });

  it.each([Number.MAX_SAFE_INTEGER, 1e300, Infinity])(
    '%j of a broker is written as the last there is',
    (ms) => {
      expect(writeTime(ms)).toBe('9999-12-31T23:59:59.999Z');
    },
  );

  it('of a broker from before 1970 is written as the first', () => {
    expect(writeTime(-1e300)).toBe('1970-01-01T00:00:00.000Z');
  });
});
