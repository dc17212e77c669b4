import { describe, expect, it } from '@jest/globals';
import { progressLine } from './progress.js';

describe('progressLine', () => {
  it('says how far it is, how fast, and how long it will take', () => {
    expect(progressLine(250, 1000, 5000)).toBe('[######                  ]  250/1,000  25%  50/s  15 s left');
    expect(progressLine(1_000_000, 4_000_000, 100_000)).toMatch(/25% {2}10,000\/s {2}5 min left$/);
    expect(progressLine(1, 100_000, 1000)).toMatch(/1\.0\/s {2}27\.8 h left$/);
  });

  it('says what it knows where nobody knows the end', () => {
    expect(progressLine(250, undefined, 5000)).toBe('250  50/s');
  });

  it('stays within its bounds', () => {
    expect(progressLine(0, 10, 0)).toBe(`[${' '.repeat(24)}]  0/10  0%  0.0/s`);
    expect(progressLine(12, 10, 1000)).toMatch(/^\[#{24}\] {2}12\/10 {2}100%/);
    expect(progressLine(0, 0, 1000)).toMatch(/100%/);
  });
});
