import { describe, expect, it } from '@jest/globals';
import { csvLine } from './csv.js';

describe('csvLine', () => {
  it('quotes what has commas or quotation marks, and leaves out what is not there', () => {
    expect(csvLine(['a', 'b,c', 'd"e', 7, true, null, undefined, ' f'])).toBe('a,"b,c","d""e",7,true,,," f"');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '"=1'.slice(1)])(
    'makes no formula of the text %j',
    (text) => {
      expect(csvLine([text]).replace(/^"/, '')).toMatch(/^'/);
    },
  );

  it.each(['\t=1', '\r=1', '\n=1', '\u001b[2J'])(
    'leaves nothing that a terminal or a reader of lines would obey: %j',
    (text) => {
      // eslint-disable-next-line no-control-regex -- what must not be there
      expect(csvLine([text])).not.toMatch(/[\u0000-\u001f]/);
    },
  );

  it('keeps numbers numbers', () => {
    expect(csvLine([-1, 0, 1.5])).toBe('-1,0,1.5');
  });
});
