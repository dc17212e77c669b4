import { describe, expect, it } from '@jest/globals';
import { safeJson, safeValue } from './safe-text.js';

// None of them needs two UTF-16 units.
const DANGEROUS = '\u007f\u0080\u009b\u009f\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069'.split('');

describe.each(DANGEROUS.map((character) => [character.charCodeAt(0).toString(16), character]))(
  'U+%s',
  (hex, character) => {
    it('is escaped in JSON, which says the same', () => {
      const line = JSON.stringify({ clientId: `a${character}b` });
      expect(safeJson(line)).not.toContain(character);
      expect(JSON.parse(safeJson(line))).toEqual({ clientId: `a${character}b` });
    });

    it('is shown by its number in values and keys, however deep', () => {
      const shown = `\\u${hex.padStart(4, '0')}`;
      expect(safeValue({ a: [{ [character]: character }] })).toEqual({ a: [{ [shown]: shown }] });
    });
  },
);

describe('safeValue', () => {
  it('shows C0 control characters, too, but for line breaks and tabs', () => {
    expect(safeValue('a\u001b[2Jb\u0000\r\n\t')).toBe('a\\u001b[2Jb\\u0000\\u000d\n\t');
  });

  it.each(['Zürich', '設備', '🏭', 'عربي'])('leaves text as it is: %s', (text) => {
    expect(safeValue(text)).toBe(text);
    expect(safeJson(JSON.stringify(text))).toBe(JSON.stringify(text));
  });

  it('leaves what is no text as it is', () => {
    expect(safeValue([1, true, null, { a: 1.5 }])).toEqual([1, true, null, { a: 1.5 }]);
  });
});
