import { describe, expect, it } from '@jest/globals';
import { sha256Hex, TokenTable } from './token-table.js';

describe('sha256Hex', () => {
  it('is the SHA-256 in lower-case hex', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('TokenTable', () => {
  const token = (name: string) => ({ name, sha256: sha256Hex(`secret of ${name}`), grants: [] });
  const table = new TokenTable([token('ops'), token('ci')]);

  it('finds the token that hashes to a configured SHA-256', () => {
    expect(table.find('secret of ci')?.caller).toEqual({
      id: 'token:ci',
      name: 'ci',
      kind: 'token',
      grants: [],
    });
  });

  it.each(['', 'secret of', 'secret of ci ', 'Secret of ci', sha256Hex('secret of ci'), 'ci'])(
    'does not know %j',
    (text) => {
      expect(table.find(text)).toBeUndefined();
    },
  );
});
