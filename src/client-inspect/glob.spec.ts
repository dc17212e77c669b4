import { describe, expect, it } from '@jest/globals';
import { matcherOf } from './glob.js';

describe('matcherOf', () => {
  it.each([
    ['', ''],
    ['*', ''],
    ['*', 'anything'],
    ['sensor-?', 'sensor-1'],
    ['sensor-*', 'sensor-'],
    ['*-1', 'sensor-1-1'],
    ['a*b*c', 'a--b--b--c'],
    ['?', '😀'],
    ['**', 'x'],
    ['a.c', 'a.c'],
    ['[a]', '[a]'],
  ])('%j matches %j', (glob, text) => {
    expect(matcherOf(glob)(text)).toBe(true);
  });

  it.each([
    ['', 'a'],
    ['a', ''],
    ['?', ''],
    ['sensor-?', 'sensor-10'],
    ['*-1', 'sensor-2'],
    ['a*b', 'a--b--'],
    ['a.c', 'abc'],
    ['A', 'a'],
  ])('%j does not match %j', (glob, text) => {
    expect(matcherOf(glob)(text)).toBe(false);
  });

  it('takes no exponential time over a hostile glob', () => {
    expect(matcherOf('*a'.repeat(500))('a'.repeat(499))).toBe(false);
  });
});
