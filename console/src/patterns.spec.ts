import { describe, expect, it } from '@jest/globals';
import { exactly, matchesPattern } from './patterns.js';

describe('a pattern', () => {
  it.each([
    ['gw-*', 'gw-1', true],
    ['gw-?', 'gw-12', false],
    ['gw-?', 'gw-😀', true],
    ['a.c', 'abc', false],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['*', 'with\na line', true],
    ['(a|b)', '(a|b)', true],
  ])('%s of %j: %s', (pattern, text, expected) => expect(matchesPattern(pattern, text)).toBe(expected));

  it.each(['a*b', 'c:\\x', '?'])('can be made that only %j matches', (text) => {
    expect(matchesPattern(exactly(text), text)).toBe(true);
    expect(matchesPattern(exactly(text), `${text}x`)).toBe(false);
  });
});
