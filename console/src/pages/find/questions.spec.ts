import { describe, expect, it } from '@jest/globals';
import { questionsFor } from './questions.js';

describe('what is asked for a text that somebody typed', () => {
  it('is the exact id first, then ids and user names with the text in them', () => {
    expect(questionsFor('gw-1')).toEqual([
      { clientid: 'gw-1' },
      { clientid: '*gw-1*' },
      { username: '*gw-1*' },
    ]);
  });

  it('is a pattern as it was typed', () => {
    expect(questionsFor('gw-?')).toEqual([{ clientid: 'gw-?' }, { username: 'gw-?' }]);
  });

  it('does not take an escaped character for a pattern', () => {
    expect(questionsFor('a\\*b')[0]).toEqual({ clientid: 'a\\*b' });
  });

  it.each(['10.0.0.1', '10.0.0.0/8', '2001:db8::1', '::1', 'fe80::/10'])(
    'is an address, too, for %s',
    (text) => {
      expect(questionsFor(text)).toContainEqual({ address: text });
    },
  );

  it.each(['gw:1', '1.2.3', 'ab:cd'])('is no address for %s', (text) => {
    expect(questionsFor(text).some((question) => 'address' in question)).toBe(false);
  });
});
