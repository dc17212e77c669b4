import { describe, expect, it } from '@jest/globals';
import { inWords, matches, readFilters, toSelection } from './filters.js';

const client = {
  project: 'p',
  broker: 'b',
  clientid: 'gw-1',
  username: 'vendor-x',
  address: '10.1.2.3',
  connected: true,
  protocolVersion: 'v5',
  lastConnect: 5000,
};

describe('the filters of the address bar', () => {
  it('are those of the API; the broker is part of the path, what is unknown is left out', () => {
    const filters = readFilters(
      new URLSearchParams('clientid=gw-*&connected=false&broker=b&open=x&username='),
    );
    expect(filters).toEqual({ clientid: 'gw-*', connected: 'false', broker: 'b' });
    expect(toSelection(filters)).toEqual({ clientid: 'gw-*', connected: false });
    expect(inWords(filters)).toBe('broker b, client id gw-*, not connected');
  });
});

describe('a client that has just come', () => {
  it.each([
    [{}, true],
    [{ broker: 'b', clientid: 'gw-*', username: 'vendor-?', connected: 'true', protocolVersion: 'v5' }, true],
    [{ address: '10.0.0.0/8' }, true],
    [{ address: '10.1.2.3' }, true],
    [{ address: '10.2.0.0/16' }, false],
    [{ address: '::/0' }, false],
    [{ connectedAfter: '4999' }, true],
    [{ connectedAfter: '1970-01-01T00:00:05Z' }, false],
    [{ connectedBefore: '5001' }, true],
    [{ connected: 'false' }, false],
    [{ broker: 'c' }, false],
  ])('matches %j: %s', (filters, expected) => expect(matches(filters, client)).toBe(expected));

  it('matches a network of IPv6, and an address that is written as one', () => {
    expect(matches({ address: '2001:db8::/32' }, { ...client, address: '2001:db8:1::7' })).toBe(true);
    expect(matches({ address: '2001:db8::/32' }, { ...client, address: '2001:db9::7' })).toBe(false);
    expect(matches({ address: '10.0.0.0/8' }, { ...client, address: '::ffff:10.9.9.9' })).toBe(true);
  });
});
