import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { KeysUnavailable, ProviderKeys } from '../../src/auth/identity/provider-keys.js';
import { freePort } from '../support/free-port.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;
const STALE_MINUTES = 7 * 24 * 60;

let provider: IdentityProvider;
let keys: ProviderKeys;
let told: string[];
/** Added to the monotonic clock. */
let laterMs: number;

beforeEach(async () => {
  laterMs = 0;
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + laterMs);
  provider = await IdentityProvider.create(await freePort());
  await provider.start();
  told = [];
  keys = new ProviderKeys(
    { jwksUri: `http://127.0.0.1:${provider.port}/jwks`, staleKeysMinutes: STALE_MINUTES },
    { onDown: () => told.push('down'), onUp: () => told.push('up') },
  );
  await keys.current();
  laterMs += 2000;
});

afterEach(async () => {
  jest.restoreAllMocks();
  await provider.stop();
});

/** Whether keys hold the one of that id. */
async function hold(held: ReturnType<ProviderKeys['current']>, kid: string): Promise<boolean> {
  const find = await held;
  try {
    await find({ alg: 'RS256', kid }, { payload: '', signature: '' });
    return true;
  } catch {
    return false;
  }
}

it('a fetch that failed does not keep a new key out once the provider can be asked again', async () => {
  provider.status = 500;
  await expect(keys.renewed()).rejects.toBeInstanceOf(KeysUnavailable);
  provider.status = 200;
  await provider.rotate('key-2');
  laterMs += 1000;
  expect(await hold(keys.renewed(), 'key-2')).toBe(true);
  expect(told).toEqual(['down', 'up']);
});

it('a fetch that failed is made again beside the next request, though the keys are fresh', async () => {
  provider.status = 500;
  await expect(keys.renewed()).rejects.toBeInstanceOf(KeysUnavailable);
  provider.status = 200;
  laterMs += 1000;
  expect(await hold(keys.current(), 'key-1')).toBe(true);
  await until(() => told.includes('up'), 'the provider is up again');
});

it('while the provider is down, who needs a new key is told so, and it is not asked more than once in a pause', async () => {
  provider.status = 500;
  const refused = await Promise.allSettled(Array.from({ length: 20 }, () => keys.renewed()));
  refused.push(...(await Promise.allSettled(Array.from({ length: 20 }, () => keys.renewed()))));
  expect(refused.map(({ status }) => status)).toEqual(Array(40).fill('rejected'));
  expect(provider.fetches).toBe(2);
  expect(await hold(keys.current(), 'key-1')).toBe(true);
});

it('a key that was withdrawn long ago serves no request while the provider is up', async () => {
  await provider.rotate('key-2');
  laterMs += 6 * 24 * 60 * MINUTE_MS;
  expect(await hold(keys.current(), 'key-1')).toBe(false);
  expect(await hold(keys.current(), 'key-2')).toBe(true);
});

it('nor does it because the provider was down for a moment long ago', async () => {
  provider.status = 500;
  await expect(keys.renewed()).rejects.toBeInstanceOf(KeysUnavailable);
  provider.status = 200;
  await provider.rotate('key-2');
  laterMs += 6 * 24 * 60 * MINUTE_MS;
  expect(await hold(keys.current(), 'key-1')).toBe(false);
});

it('keys that are about to be old are renewed beside the request, which does not wait', async () => {
  const before = provider.fetches;
  laterMs += 9 * MINUTE_MS;
  await provider.rotate('key-2');
  expect(await hold(keys.current(), 'key-1')).toBe(true);
  await until(async () => hold(keys.current(), 'key-2'), 'the new keys are there');
  expect(provider.fetches - before).toBe(1);
});

it('while the provider is down, known keys serve on, and only the first request waits to find that out', async () => {
  await provider.stop();
  laterMs += 60 * MINUTE_MS;
  expect(await hold(keys.current(), 'key-1')).toBe(true);
  expect(told).toEqual(['down']);
  // It hangs now: whoever waited for it would wait for seconds.
  provider.pages = () => true;
  await provider.start();
  laterMs += 1500;
  const since = Date.now();
  expect(await hold(keys.current(), 'key-1')).toBe(true);
  expect(Date.now() - since).toBeLessThan(2000);
});

it('known keys serve no longer than is configured', async () => {
  provider.status = 500;
  laterMs += (STALE_MINUTES + 11) * MINUTE_MS;
  await expect(keys.current()).rejects.toBeInstanceOf(KeysUnavailable);
});
