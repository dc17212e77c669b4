import { describe, expect, it } from '@jest/globals';
import { PingCount } from './ping-count.js';

describe('PingCount', () => {
  it('waits for the answer to its own ping, not for that to an earlier one', () => {
    const pings = new PingCount();
    const ends: boolean[] = [];
    pings.sent();
    pings.sent();
    pings.whenAnswered((isAnswered) => ends.push(isAnswered));
    pings.answered();
    expect(ends).toEqual([]);
    pings.answered();
    expect(ends).toEqual([true]);
  });

  it('tells those who still wait that the connection has ended', () => {
    const pings = new PingCount();
    const ends: boolean[] = [];
    pings.sent();
    pings.whenAnswered((isAnswered) => ends.push(isAnswered));
    pings.close();
    pings.answered();
    expect(ends).toEqual([false]);
  });
});
