import { describe, expect, it } from '@jest/globals';
import { escapeGlob, globMatches } from './glob.js';

describe('a pattern', () => {
  it.each([
    ['sensor-*', 'sensor-1', true],
    ['sensor-*', 'xsensor-1', false],
    ['sensor-?', 'sensor-12', false],
    ['?', '🌡', true],
    ['a.c', 'abc', false],
    [String.raw`a\*`, 'a*', true],
    [String.raw`a\*`, 'ab', false],
    ['*', 'two\nlines', true],
  ])('%s matches %j: %s', (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it.each(['plain', 'a*b?c', String.raw`back\slash`, '[x](y)'])('of %j matches only that', (text) => {
    expect(globMatches(escapeGlob(text), text)).toBe(true);
    expect(globMatches(escapeGlob(text), `${text}x`)).toBe(false);
  });
});
