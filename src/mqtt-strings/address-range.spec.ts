import { BlockList } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressRangeProblem, compileAddressRange } from './address-range.js';

describe('an address range', () => {
  it.each([
    ['10.0.0.7', '10.0.0.7'],
    ['10.0.0.0/8', '10.255.255.255'],
    ['10.0.0.7/8', '10.1.2.3'],
    ['10.0.0.7/32', '10.0.0.7'],
    ['0.0.0.0/0', '255.255.255.255'],
    ['128.0.0.0/1', '200.1.1.1'],
    ['10.0.0.7', '::ffff:10.0.0.7'],
    ['10.0.0.0/8', '::ffff:a00:7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.0/104', '10.1.2.3'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['2001:db8::/32', '2001:db8:ffff::1'],
    ['2001:DB8::/32', '2001:db8::'],
    ['2001:db8::/33', '2001:db8:7fff::1'],
    ['fe80::/10', 'fe80::1%eth0'],
    ['::/0', '2001:db8::1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:0.7.0.8'],
  ])('%s holds %s', (range, address) => {
    expect(compileAddressRange(range).includes(address)).toBe(true);
  });

  it.each([
    ['10.0.0.7', '10.0.0.8'],
    ['10.0.0.0/8', '11.0.0.0'],
    ['10.0.0.0/31', '10.0.0.2'],
    ['2001:db8::/33', '2001:db8:8000::1'],
    ['0.0.0.0/0', '::1'],
    ['::/0', '10.0.0.7'],
    ['::/1', '::ffff:10.0.0.7'],
    ['10.0.0.0/8', ''],
    ['10.0.0.0/8', '10.0.0.1:1883'],
    ['10.0.0.0/8', 'localhost'],
  ])('%s does not hold %j', (range, address) => {
    expect(compileAddressRange(range).includes(address)).toBe(false);
  });

  it.each([
    ['0.0.0.0/0', true],
    ['10.0.0.0/0', true],
    ['::/0', true],
    ['::ffff:0.0.0.0/96', true],
    ['::ffff:0:0/97', false],
    ['0.0.0.0/1', false],
    ['0.0.0.0', false],
  ])('%s is wide: %j', (range, isWide) => {
    expect(compileAddressRange(range).isWide).toBe(isWide);
  });

  it('agrees with the block list of Node', () => {
    const network = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    );
    fc.assert(
      fc.property(network, fc.oneof(fc.ipV4(), fc.ipV6()), ([address, prefix], other) => {
        fc.pre(!/^[0:]*:ffff:/i.test(address) && !/^[0:]*:ffff:/i.test(other));
        const family = address.includes(':') ? 'ipv6' : 'ipv4';
        fc.pre((family === 'ipv6') === other.includes(':'));
        const list = new BlockList();
        list.addSubnet(address, prefix, family);
        const range = compileAddressRange(`${address}/${prefix}`);
        expect(range.includes(address)).toBe(true);
        expect(range.includes(other)).toBe(list.check(other, family));
      }),
    );
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '10.*',
    'localhost',
    ':::',
    '2001:db8::/129',
    'fe80::1%eth0',
    '::ffff:10.0.0.0/90',
    ' 10.0.0.1',
    7,
    null,
    undefined,
  ])('%j is none', (text) => {
    expect(addressRangeProblem(text)).toMatch(/must be/);
  });
});
