import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expectError } from '../support/expect-error.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { testConfig, TestService, type Answer, type TestServiceOptions } from '../support/test-service.js';

const POLICY =
  "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;font-src 'self';connect-src 'self';" +
  "base-uri 'none';form-action 'none';frame-ancestors 'none'";
const SCRIPT = `${'console.log("hello");'.repeat(100)}\n`;

const folder = mkdtempSync(join(tmpdir(), 'console-'));
mkdirSync(join(folder, 'assets'));
writeFileSync(
  join(folder, 'index.html'),
  '<html><head><script src="./assets/main-1a2b.js"></script></head></html>',
);
writeFileSync(join(folder, 'assets/main-1a2b.js'), SCRIPT);
writeFileSync(join(folder, 'assets/main-1a2b.js.map'), '{}');
writeFileSync(join(folder, 'icon.svg'), '<svg/>');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let service: TestService;
const start = async (options: TestServiceOptions = {}): Promise<void> => {
  service = await TestService.start({ consoleFolder: folder, ...options });
};
/** As a browser that has not signed in. */
const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  service.request('GET', path, { token: null, headers });

/** The body at a path that no client has made sense of before. */
async function rawGet(path: string): Promise<string> {
  const { port } = new URL(service.url);
  const request = httpGet({ host: '127.0.0.1', port, path });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
}

describe('the console, served', () => {
  beforeAll(() => start());
  afterAll(() => service.stop());

  it.each(['/console/', '/console/clients', '/console/clients/demo/a.b%2Fc?x=1', '/console/bans/'])(
    'is the page at %s, never stored, and may load its own files only',
    async (path) => {
      const { status, headers, body } = await get(path);
      expect(status).toBe(200);
      expect(body).toContain('assets/main-1a2b.js');
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
    },
  );

  it('has files with a hash in their name, kept for ever, smaller on the way', async () => {
    const { status, headers, body } = await get('/console/assets/main-1a2b.js');
    expect(status).toBe(200);
    expect(body).toBe(SCRIPT);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'gzip',
      vary: 'Accept-Encoding',
    });
  });

  it.each(['identity', 'gzip;q=0', 'gzip;q=0.0, br'])(
    'does not compress for who accepts "%s"',
    async (accepted) => {
      const { headers, body } = await get('/console/assets/main-1a2b.js', { 'accept-encoding': accepted });
      expect(headers.has('content-encoding')).toBe(false);
      expect(body).toBe(SCRIPT);
    },
  );

  it('asks for other files again', async () => {
    const { headers } = await get('/console/icon.svg');
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(headers.get('content-type')).toBe('image/svg+xml');
  });

  it.each(['/console/assets/main-old.js', '/console/assets/main-1a2b.js.map', '/console/assets/'])(
    'has nothing at %s, and says so as the API does',
    async (path) => expectError(await get(path), 'ROUTE_NOT_FOUND'),
  );

  it.each([
    '/console/../package.json',
    '/console/%2e%2e/%2e%2e/package.json',
    '/console/..%2f..%2fpackage.json',
  ])('has no file but those of the page: not at %s', async (path) =>
    expect(await rawGet(path)).toContain('assets/main-1a2b.js'),
  );

  it.each(['/', '/console'])('is where %s leads, whatever a proxy puts before it', async (path) => {
    const response = await fetch(`${service.url}${path}`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe('console/');
  });

  it('takes GET and HEAD', async () => {
    const answer = await service.request('POST', '/console/', { token: null });
    expectError(answer, 'METHOD_NOT_ALLOWED', { allowed: ['GET', 'HEAD'] });
    expect((await service.request('HEAD', '/console/', { token: null })).status).toBe(200);
  });
});

describe('the console', () => {
  afterEach(() => service.stop());

  it('is nowhere when it is disabled', async () => {
    await start({ config: { console: { enabled: false } } });
    for (const path of ['/', '/console', '/console/']) expectError(await get(path), 'ROUTE_NOT_FOUND');
  });

  it('is nowhere when it was not built, and the log says what to do', async () => {
    await start({ consoleFolder: join(folder, 'nowhere') });
    expectError(await get('/console/'), 'ROUTE_NOT_FOUND');
    expect(service.logLines.join('')).toContain('npm run build:console');
  });

  it('is reached through the public URL', async () => {
    await start({ config: { http: { publicUrl: 'https://ops.example.com/cc/' } } });
    const response = await fetch(`${service.url}/`, { redirect: 'manual' });
    expect(response.headers.get('location')).toBe('https://ops.example.com/cc/console/');
  });

  it('may call the identity provider, as configured, also after a reload', async () => {
    const { config: jwt } = await IdentityProvider.create(1, 'https://id.example.com/realms/plant');
    const signIn = { issuer: 'https://id.example.com/realms/plant', clientId: 'console' };
    await start();
    service.config.replace(testConfig({ auth: { jwt }, config: { console: { signIn } } }));
    const { headers, body } = await get('/console/');
    expect(headers.get('content-security-policy')).toContain("connect-src 'self' https://id.example.com;");
    expect(body).toContain('&quot;clientId&quot;:&quot;console&quot;');
  });
});
