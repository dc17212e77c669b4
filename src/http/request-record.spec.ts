import { describe, expect, it } from '@jest/globals';
import { requestIdOf } from './request-record.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const withHeader = (value: string | undefined): string => requestIdOf({ headers: { 'x-request-id': value } });

describe('requestIdOf', () => {
  it.each(['a', 'req-1', '0b3e5f0e-9d3c-4c43-a6c8-3a6e6f6f0d3e', 'a:b/c+d=e@f._', 'x'.repeat(128)])(
    "keeps the caller's own id %j",
    (id) => {
      expect(withHeader(id)).toBe(id);
    },
  );

  it.each([undefined, '', ' ', 'a b', 'a\r\nSet-Cookie: x', 'ä', '<script>', '"', 'x'.repeat(129)])(
    'makes a UUID of its own instead of %j',
    (id) => {
      expect(withHeader(id)).toMatch(UUID);
    },
  );

  it('makes a different one each time', () => {
    expect(withHeader(undefined)).not.toBe(withHeader(undefined));
  });
});
