import { describe, expect, it } from '@jest/globals';
import { readBearerToken } from './bearer-token.js';

describe('readBearerToken', () => {
  it.each([undefined, ''])('finds nothing in %p', (header) => {
    expect(readBearerToken(header)).toEqual({ kind: 'missing' });
  });

  it.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer   abc ', 'Bearer abc'])(
    'reads an opaque token from %j, whatever the case of the scheme',
    (header) => {
      expect(readBearerToken(header)).toEqual({ kind: 'opaque', token: 'abc' });
    },
  );

  it.each(['a-._~+/b==', 'a.b', 'a.b.', '..', 'a.b.c.d', 'a.b.c='])(
    'takes %j as an opaque token',
    (token) => {
      expect(readBearerToken(`Bearer ${token}`)).toEqual({ kind: 'opaque', token });
    },
  );

  it('recognizes a JSON Web Token by its three parts', () => {
    expect(readBearerToken('Bearer eyJh.eyJz.c2ln')).toEqual({ kind: 'jwt', token: 'eyJh.eyJz.c2ln' });
  });

  it.each([
    'Bearer',
    'Bearer ',
    'abc',
    'Basic abc',
    'Bearerabc',
    'Bearer a b',
    'Bearer ä',
    'Bearer =',
    'Bearer a=b',
    'Bearer a,Bearer b',
    ' Bearer abc',
  ])('calls %j malformed', (header) => {
    expect(readBearerToken(header)).toEqual({ kind: 'malformed' });
  });

  it('answers quickly however hostile the header is', () => {
    const readMs = (): number => {
      const startedAt = performance.now();
      expect(readBearerToken(`Bearer ${' '.repeat(100_000)}`)).toEqual({ kind: 'malformed' });
      expect(readBearerToken(`Bearer ${'a'.repeat(100_000)}!`)).toEqual({ kind: 'malformed' });
      return performance.now() - startedAt;
    };
    // The best of some: the machine may have stopped for others meanwhile.
    expect(Math.min(readMs(), readMs(), readMs())).toBeLessThan(1000);
  });
});
