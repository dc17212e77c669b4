import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileGlob, globProblem, MAX_GLOB_CHARACTERS } from './glob.js';

/** The same meaning, said with a regular expression; slow for some. */
function expectedMatch(glob: string, text: string): boolean {
  const source = glob.replace(/\\(.)|([\s\S])/gu, (_, literal?: string, plain?: string) => {
    if (literal === undefined && plain === '*') return '[\\s\\S]*';
    if (literal === undefined && plain === '?') return '[\\s\\S]';
    return (literal ?? plain ?? '').replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  });
  return new RegExp(`^${source}$`, 'u').test(text);
}

describe('a glob', () => {
  it.each([
    ['*', ''],
    ['*', 'anything'],
    ['**', 'x'],
    ['sensor-?', 'sensor-1'],
    ['sensor-*', 'sensor-'],
    ['*-1', 'sensor-1-1'],
    ['a*b*c', 'a--b--b--c'],
    ['a*a', 'aa'],
    ['*ab?d*', 'xxabxabcdx'],
    ['?', '😀'],
    ['*?', '😀'],
    ['*😀?*', 'a😀😀b'],
    ['a.c', 'a.c'],
    ['[a]', '[a]'],
    ['a\\*c', 'a*c'],
    ['a\\?*', 'a?c'],
    ['\\\\*', '\\x'],
    ['\\a', 'a'],
    ['a/+/#', 'a/+/#'],
    [`*${'x'.repeat(40)}*`, `y${'x'.repeat(41)}y`],
  ])('%j matches %j', (glob, text) => {
    expect(compileGlob(glob).matches(text)).toBe(true);
  });

  it.each([
    ['a', ''],
    ['?', ''],
    ['?', 'ab'],
    ['?', '😀😀'],
    ['sensor-?', 'sensor-10'],
    ['*-1', 'sensor-2'],
    ['a*b', 'a--b--'],
    ['a*a', 'a'],
    ['ab*bc', 'abc'],
    ['a.c', 'abc'],
    ['A', 'a'],
    ['a\\*c', 'abc'],
    ['a\\?c', 'abc'],
    [`*${'x'.repeat(40)}*`, `y${'x'.repeat(39)}y`],
  ])('%j does not match %j', (glob, text) => {
    expect(compileGlob(glob).matches(text)).toBe(false);
  });

  it('means the same as the regular expression that says it', () => {
    const character = fc.constantFrom('a', 'b', '*', '?', '\\', '😀');
    const glob = fc
      .array(character, { minLength: 1, maxLength: 12 })
      .map((characters) => characters.join(''))
      .filter((text) => globProblem(text) === undefined);
    const text = fc.array(character, { maxLength: 16 }).map((characters) => characters.join(''));
    fc.assert(
      fc.property(glob, text, (pattern, subject) => {
        expect(compileGlob(pattern).matches(subject)).toBe(expectedMatch(pattern, subject));
      }),
      { numRuns: 3000 },
    );
  });

  it('means the same when what is looked for is longer than a machine word', () => {
    const run = fc.array(fc.constantFrom('a', 'b', '?'), { minLength: 28, maxLength: 100 });
    const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 300 });
    fc.assert(
      fc.property(run, text, fc.nat(), (piece, around, place) => {
        const glob = `*${piece.join('')}*`;
        const inside = piece.map((step) => (step === '?' ? 'c' : step)).join('');
        const at = place % (around.length + 1);
        const holding = around.slice(0, at).join('') + inside + around.slice(at).join('');
        expect(compileGlob(glob).matches(holding)).toBe(true);
        expect(compileGlob(glob).matches(around.join(''))).toBe(expectedMatch(glob, around.join('')));
      }),
    );
  });

  it('takes milliseconds over the longest text that a device can choose, whatever the glob', () => {
    const globs = [
      `*${'a'.repeat(254)}*`,
      `*${'a'.repeat(253)}b*`,
      `*${'?'.repeat(253)}b*`,
      '*a'.repeat(127) + 'b',
      '*a?'.repeat(85),
      `*${'ab'.repeat(126)}c*`,
    ].map(compileGlob);
    const texts = ['a'.repeat(65_535), 'ab'.repeat(32_767), '😀'.repeat(16_383)];
    for (const glob of globs) for (const text of texts) glob.matches(text);
    const start = performance.now();
    for (const glob of globs) for (const text of texts) glob.matches(text);
    const average = (performance.now() - start) / (globs.length * texts.length);
    // Some 0.5 ms here; going back over the text takes 100 times as long.
    expect(average).toBeLessThan(20);
  });

  it('knows the one text that it names', () => {
    expect(compileGlob('sensor-1').literal).toBe('sensor-1');
    expect(compileGlob('a\\*\\\\').literal).toBe('a*\\');
    expect(compileGlob('sensor-*').literal).toBeUndefined();
    const longest = 'x'.repeat(65_535);
    expect(compileGlob(longest).literal).toBe(longest);
  });

  it.each([
    ['*', true],
    ['**', true],
    ['?*', true],
    ['???', true],
    ['*a*', false],
    ['\\*', false],
    ['a', false],
  ])('%j is wide: %j', (glob, isWide) => {
    expect(compileGlob(glob).isWide).toBe(isWide);
  });
});

describe('globProblem', () => {
  it.each([
    '*',
    'a',
    '\\\\',
    'a\\*',
    'x'.repeat(65_535),
    `*${'x'.repeat(MAX_GLOB_CHARACTERS - 1)}`,
    `*${'😀'.repeat(255)}`,
  ])('takes %.40j', (glob) => {
    expect(globProblem(glob)).toBeUndefined();
  });

  it.each([
    ['', /empty/],
    [1, /string/],
    [undefined, /string/],
    ['\ud800', /surrogate/],
    ['a\0', /U\+0000/],
    ['a\\', /must not end in a \\/],
    ['\\\\\\', /must not end in a \\/],
    [`*${'x'.repeat(MAX_GLOB_CHARACTERS)}`, /at most 256 characters/],
    ['x'.repeat(65_536), /65535 bytes/],
  ])('refuses %.40j', (glob, problem) => {
    expect(globProblem(glob)).toMatch(problem);
  });
});
