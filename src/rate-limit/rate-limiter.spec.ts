import { describe, expect, it } from '@jest/globals';
import { networkOf } from './rate-limiter.js';

describe('networkOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:0:1::1', '2001:db8:0:1'],
    ['2001:0DB8:0000:0001:ffff::2', '2001:db8:0:1'],
    ['2001:db8::', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['1::2:3:4:5:203.0.113.7', '1:0:2:3'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4'],
    ['no address', 'none'],
    ['', 'none'],
  ])('makes %s count against %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
