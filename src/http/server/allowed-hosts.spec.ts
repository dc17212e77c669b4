import { describe, expect, it } from '@jest/globals';
import { ConfigStore } from '../../config/config-store.js';
import { parseConfig } from '../../config/parse-config.js';
import { AllowedHosts, hostNameOf } from './allowed-hosts.js';

/** Which header is the reason to refuse; undefined if none is. */
function refused(http: object, headers: { host?: string; origin?: string }): unknown {
  const config = parseConfig(JSON.stringify({ http }), 'the test', '.', {});
  return new AllowedHosts(new ConfigStore(config)).refusalOf(headers)?.info?.header;
}

describe('AllowedHosts', () => {
  it.each([
    'localhost',
    'localhost:3000',
    'LOCALHOST.',
    'a.localhost',
    '127.0.0.1:3000',
    '127.9.9.9',
    '[::1]:3000',
  ])('lets the name %s through on a loopback address', (host) => {
    expect(refused({}, { host })).toBeUndefined();
    expect(refused({ host: '::1' }, { host })).toBeUndefined();
  });

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.1',
    'notlocalhost',
    '[::2]',
  ])('does not let the name %s through on a loopback address', (host) => {
    expect(refused({}, { host })).toBe('Host');
  });

  it('lets every name through on other addresses, unless names are configured', () => {
    const host = 'any.example';
    expect(refused({ host: '0.0.0.0' }, { host, origin: 'https://evil.example' })).toBeUndefined();
    expect(refused({ host: '0.0.0.0', allowedHosts: ['ops.example.com'] }, { host })).toBe('Host');
  });

  it.each([
    ['ops.example.com', undefined],
    ['OPS.example.com:8443', undefined],
    ['a.b.example.org', undefined],
    ['example.org', 'Host'],
    ['evilexample.org', 'Host'],
    ['public.example.net', undefined],
    ['localhost', 'Host'],
  ])('knows configured names, names below *., and that of the public URL: %s', (host, header) => {
    const allowedHosts = ['ops.example.com', '*.example.org'];
    expect(refused({ allowedHosts, publicUrl: 'https://public.example.net/cc' }, { host })).toBe(header);
  });

  it.each([
    ['http://localhost:8080', undefined],
    ['https://app.example.com', undefined],
    ['http://app.example.com', 'Origin'],
    ['https://evil.example', 'Origin'],
    ['null', 'Origin'],
  ])('takes calls from pages of its own names and of CORS origins: %s', (origin, header) => {
    const http = { corsOrigins: ['https://app.example.com'] };
    expect(refused(http, { host: 'localhost', origin })).toBe(header);
  });
});

describe('hostNameOf', () => {
  it.each(['', ' ', 'a b', 'a, b', 'a/b', 'a@b', 'a:b', 'a:123456', '[::1', 'a\u0000', 'ä'])(
    'knows no name in %j',
    (header) => {
      expect(hostNameOf(header)).toBeUndefined();
    },
  );
});
