import { describe, expect, it } from '@jest/globals';
import { bounded, MAX_TEXT } from './bounded-text.js';

describe('bounded', () => {
  it.each(['', 'sensor-1', 'x'.repeat(MAX_TEXT), '\u0001'.repeat(MAX_TEXT)])(
    'leaves short text as it is',
    (text) => {
      expect(bounded(text)).toBe(text);
    },
  );

  it('cuts long text to its bound, whatever characters it has', () => {
    for (const character of ['x', '\u0001', 'ä', '😀']) {
      const text = bounded(character.repeat(5000));
      expect(text.length).toBeLessThanOrEqual(MAX_TEXT);
      expect(text.length).toBeGreaterThan(MAX_TEXT - 2);
      expect(text.isWellFormed()).toBe(true);
    }
  });

  it('keeps long texts apart that begin alike', () => {
    const long = 'x'.repeat(5000);
    expect(bounded(`${long}a`)).not.toBe(bounded(`${long}b`));
    expect(bounded(`${long}a`)).toBe(bounded(`${long}a`));
  });

  it('changes nothing of what was cut before', () => {
    const once = bounded('y'.repeat(70_000), 128);
    expect(once).toHaveLength(128);
    expect(bounded(once, 128)).toBe(once);
  });
});
