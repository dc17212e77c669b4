import { describe, expect, it } from '@jest/globals';
import type { LogLine } from '../../event-log.js';
import { returnOf } from './return-of.js';

const CLIENT = { project: 'p', broker: 'b', clientid: 'c' };
const NOW = 1_000_000;

type Told = readonly [at: number, what: 'came' | 'kicked' | 'lost', clientid?: string];

/** As the log has them: the newest first. */
const log = (...told: readonly Told[]): LogLine[] =>
  told
    .map(([at, what, clientid = 'c'], key): LogLine => {
      const common = { time: '', project: 'p', broker: 'b', clientid };
      return {
        key,
        at,
        event:
          what === 'came'
            ? { ...common, type: 'client.connected' }
            : { ...common, type: 'client.disconnected', reason: what },
      };
    })
    .reverse();

describe('the return of a client', () => {
  it.each<[string, Told[], number | undefined]>([
    [
      'soon after it was disconnected',
      [
        [NOW - 1800, 'kicked'],
        [NOW - 1000, 'came'],
      ],
      800,
    ],
    ['that it did not make', [[NOW - 1000, 'kicked']], undefined],
    [
      'from a lost connection',
      [
        [NOW - 1800, 'lost'],
        [NOW - 1000, 'came'],
      ],
      undefined,
    ],
    [
      'half an hour later',
      [
        [NOW - 1_800_000, 'kicked'],
        [NOW - 1000, 'came'],
      ],
      undefined,
    ],
    [
      'that is old news',
      [
        [NOW - 200_800, 'kicked'],
        [NOW - 200_000, 'came'],
      ],
      undefined,
    ],
    [
      'of another',
      [
        [NOW - 1800, 'kicked'],
        [NOW - 1000, 'came', 'other'],
      ],
      undefined,
    ],
    [
      'from which it has gone again',
      [
        [NOW - 1800, 'kicked'],
        [NOW - 1000, 'came'],
        [NOW - 500, 'lost'],
      ],
      undefined,
    ],
  ])('%s', (_name, told, expected) => {
    expect(returnOf(log(...told), CLIENT, NOW)).toBe(expected);
  });
});
