import { describe, expect, it } from '@jest/globals';
import { safeJson as safeLogJson } from '../../../src/logging/safe-text.js';
import { safeJson, safeText } from './safe-text.js';

const CHARACTERS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

describe('safeText', () => {
  it('escapes what the log escapes, and line breaks and tabs', () => {
    const isHarmful = (character: string): boolean =>
      character < ' ' || safeLogJson(JSON.stringify(character)) !== JSON.stringify(character);
    expect(
      CHARACTERS.filter((character) => isHarmful(character) !== (safeText(character) !== character)),
    ).toEqual([]);
  });
});

describe('safeJson', () => {
  it('is that of the log', () => {
    expect(safeJson(CHARACTERS)).toBe(safeLogJson(JSON.stringify(CHARACTERS)));
  });
});
