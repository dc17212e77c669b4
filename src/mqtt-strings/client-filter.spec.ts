import { describe, expect, it } from '@jest/globals';
import { clientFilterProblem, compileClientFilter, type ClientFilter } from './client-filter.js';

const CLIENT = {
  clientid: 'vendor-x-7',
  username: 'vendor-x',
  address: '10.1.2.3',
  connected: true,
  protocolVersion: 'v5',
  lastConnect: 1000,
};

describe('a client filter', () => {
  it.each<ClientFilter>([
    { clientid: 'vendor-x-7' },
    { clientid: 'vendor-*' },
    { username: 'vendor-?' },
    { address: '10.0.0.0/8' },
    { connected: true },
    { protocolVersion: 'v5' },
    { connectedBefore: 1001 },
    { connectedAfter: 999 },
    { connectedAfter: 999, connectedBefore: 1001, clientid: '*-7', username: 'v*', address: '10.1.2.3' },
  ])('%j matches', (filter) => {
    expect(compileClientFilter(filter).matches(CLIENT)).toBe(true);
  });

  it.each<ClientFilter>([
    { clientid: 'vendor-x-8' },
    { username: 'vendor' },
    { address: '10.1.2.4' },
    { connected: false },
    { protocolVersion: 'v3.1.1' },
    { connectedBefore: 1000 },
    { connectedAfter: 1000 },
    { clientid: 'vendor-*', username: 'other' },
  ])('%j does not match', (filter) => {
    expect(compileClientFilter(filter).matches(CLIENT)).toBe(false);
  });

  it('on times is about clients that are connected', () => {
    const filter = compileClientFilter({ connectedBefore: 2000 });
    expect(filter.matches({ ...CLIENT, connected: false })).toBe(false);
    expect(filter.matches({ ...CLIENT, lastConnect: null })).toBe(false);
  });

  it.each<ClientFilter>([
    { clientid: '*' },
    { username: '*' },
    { address: '0.0.0.0/0' },
    { connected: false },
    { protocolVersion: 'v5' },
    { connectedAfter: 0 },
  ])('%j does not match a client whose broker leaves that field out', (filter) => {
    expect(compileClientFilter(filter).matches({})).toBe(false);
  });

  it('knows when it is about a single client', () => {
    expect(compileClientFilter({ clientid: 'a\\*', username: 'u*' }).onlyClientId).toBe('a*');
    expect(compileClientFilter({ clientid: 'a*' }).onlyClientId).toBeUndefined();
    expect(compileClientFilter({ username: 'a' }).onlyClientId).toBeUndefined();
  });

  it.each<[ClientFilter, boolean]>([
    [{ clientid: '*' }, true],
    [{ connected: true }, true],
    [{ protocolVersion: 'v5', connectedAfter: 1 }, true],
    [{ clientid: '?*', username: '**', address: '::/0' }, true],
    [{ clientid: '*', username: 'vendor-x' }, false],
    [{ address: '10.0.0.0/8' }, false],
  ])('%j is wide: %j', (filter, isWide) => {
    expect(compileClientFilter(filter).isWide).toBe(isWide);
  });
});

describe('clientFilterProblem', () => {
  it('takes a filter with all fields', () => {
    const filter: Required<ClientFilter> = {
      clientid: 'a*',
      username: '<anonymous>',
      address: '2001:db8::/32',
      connected: false,
      protocolVersion: 'v3.1',
      connectedBefore: 1_795_000_000_000,
      connectedAfter: 0,
    };
    expect(clientFilterProblem({ ...filter })).toBeUndefined();
  });

  it.each([
    [{}, ''],
    [{ clientId: 'a' }, 'clientId'],
    [JSON.parse('{"__proto__":{"clientid":"a"}}'), '__proto__'],
    [{ toString: 'a' }, 'toString'],
    [{ clientid: '' }, 'clientid'],
    [{ clientid: null }, 'clientid'],
    [{ clientid: 'a\\' }, 'clientid'],
    [{ username: ['a'] }, 'username'],
    [{ username: undefined }, 'username'],
    [{ address: '10.0.0' }, 'address'],
    [{ connected: 'true' }, 'connected'],
    [{ protocolVersion: 'v4' }, 'protocolVersion'],
    [{ connectedBefore: -1 }, 'connectedBefore'],
    [{ connectedAfter: 1.5 }, 'connectedAfter'],
    [{ connectedAfter: '2026-01-01T00:00:00Z' }, 'connectedAfter'],
  ])('refuses %j', (filter, field) => {
    expect(clientFilterProblem(filter as Record<string, unknown>)).toMatchObject({ field });
  });
});
