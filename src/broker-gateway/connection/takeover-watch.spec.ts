import { describe, expect, it } from '@jest/globals';
import { TakeoverWatch } from './takeover-watch.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe('TakeoverWatch', () => {
  it('lets one or two takeovers in a minute pass', () => {
    const watch = new TakeoverWatch();
    expect(watch.onTakeover(0, SECOND, 0)).toBeUndefined();
    expect(watch.onTakeover(SECOND, SECOND, 0)).toBeUndefined();
    expect(watch.onTakeover(62 * SECOND, SECOND, 0)).toBeUndefined();
  });

  it('rests after the third within a minute, then longer each time, at most a quarter of an hour', () => {
    const watch = new TakeoverWatch();
    watch.onTakeover(0, SECOND, 0);
    watch.onTakeover(SECOND, SECOND, 0);
    const rests = [2, 100, 400, 1000, 2000, 4000].map((at) => watch.onTakeover(at * SECOND, SECOND, 0.999));
    expect(rests.map((ms) => Math.round((ms ?? 0) / MINUTE))).toEqual([1, 2, 4, 8, 15, 15]);
  });

  it('rests at least half of that, so that rivals do not meet again in step', () => {
    const watch = new TakeoverWatch();
    for (const at of [0, 1]) watch.onTakeover(at, SECOND, 0);
    expect(watch.onTakeover(2, SECOND, 0)).toBe(30 * SECOND);
  });

  it('forgets the war when a connection has lived for ten minutes', () => {
    const watch = new TakeoverWatch();
    for (const at of [0, 1, 2]) watch.onTakeover(at, SECOND, 0);
    expect(watch.onTakeover(20 * MINUTE, 10 * MINUTE, 0)).toBeUndefined();
  });
});
