import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { LIMITS } from './limits.js';

const KIB = 1024;

/** A limit as the page writes it. */
function written(name: string, value: number): string {
  if (!/bytes|cost|characters/i.test(name)) return value.toLocaleString('en');
  return value >= KIB * KIB ? `${value / KIB / KIB} MiB` : `${value / KIB} KiB`;
}

describe('docs/embedded-broker.md', () => {
  const page = readFileSync('docs/embedded-broker.md', 'utf8');

  it.each(Object.entries(LIMITS))('names the limit %s', (name, value) => {
    expect(page).toContain(written(name, value));
  });
});
