import { describe, expect, it } from '@jest/globals';
import { shapeProblem } from './json-body.js';

const problem = (value: unknown): string | undefined =>
  shapeProblem(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 200);
const keys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });

describe('shapeProblem', () => {
  it.each([
    ['a scalar', 7, undefined],
    ['200 properties', keys(200), undefined],
    ['201 properties', keys(201), 'holds more than 200 values'],
    ['201 items', Array(201).fill({}), 'holds more than 200 values'],
    ['properties of items', { list: Array(120).fill({ a: 1 }) }, 'holds more than 200 values'],
    ['8 levels', nested(8), undefined],
    ['9 levels', nested(9), 'is nested too deeply'],
    ['400 levels of lists', '['.repeat(400), 'is nested too deeply'],
    ['what stands in strings', { clientid: ',[{"\\\\'.repeat(1000), topic: '"'.repeat(300) }, undefined],
    ['a string without an end', `{"a":"${','.repeat(1000)}`, undefined],
    ['a backslash at the end', '{"a":"\\\\', undefined],
    ['nothing', '', undefined],
  ])('judges %s', (_what, value, expected) => {
    expect(problem(value)).toBe(expected);
  });

  it('takes little time for the largest body', () => {
    const text = `{${Array.from({ length: 26_000 }, (_, i) => `"${i.toString(36)}":1`).join(',')}}`;
    const large = Buffer.from(JSON.stringify({ clientid: ',{'.repeat(100_000), topic: text }));
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 20; i++) {
      const startedAt = performance.now();
      expect(problem(text)).toBe('holds more than 200 values');
      expect(shapeProblem(large, 200)).toBeUndefined();
      best = Math.min(best, performance.now() - startedAt);
    }
    expect(best).toBeLessThan(20);
  });
});
