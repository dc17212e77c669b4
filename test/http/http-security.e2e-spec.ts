import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { ConfigError } from '../../src/config/config-error.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { RawHttp, type RawResponse } from '../support/raw-http.js';
import { testConfig, TestService, TOKENS, type Answer } from '../support/test-service.js';

let service: TestService;

const API_POLICY = "default-src 'none'; frame-ancestors 'none'";
const CONTROL = '/api/projects/p/brokers/b/client-control/disconnect';

describe('security headers', () => {
  beforeAll(async () => {
    service = await TestService.start();
  });
  afterAll(() => service.stop());

  it.each([
    ['a success', '/api/projects', 200],
    ['a health probe', '/health/live', 200],
    ['the OpenAPI document', '/api/docs-json', 200],
    ['an error of a guard', CONTROL, 405],
    ['a path that is not there', '/api/docsx', 404],
    ['a path that the router cannot read', '/api/%zz', 400],
  ])('let a browser do nothing with %s', async (_name, path, status) => {
    const answer = await service.get(path);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-security-policy': API_POLICY,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  });

  it.each(['/api/docs', '/api/docs/', '/api/docs/swagger-ui.css'])(
    'let %s load its own files and nothing else',
    async (path) => {
      const { status, headers } = await service.get(path, null);
      const policy = headers.get('content-security-policy');
      expect(status).toBe(200);
      expect(policy).toContain("default-src 'none';");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("connect-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('upgrade-insecure-requests');
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    },
  );

  it('come with a 401 from every documented route but the health probes and the metrics', async () => {
    const { paths } = (await service.get('/api/docs-json', null)).body as {
      readonly paths: Readonly<Record<string, object>>;
    };
    const open: string[] = [];
    for (const [template, methods] of Object.entries(paths)) {
      const path = template.replaceAll(/\{\w+\}/g, 'x');
      for (const method of Object.keys(methods)) {
        const { status, headers } = await service.request(method.toUpperCase(), path, { token: null });
        if (status !== 401) open.push(template);
        expect(headers.get('content-security-policy')).toBe(API_POLICY);
      }
    }
    expect(open.sort()).toEqual(['/health/live', '/health/ready', '/metrics']);
  });

  it('promise no HTTPS where there is none', async () => {
    expect((await service.get('/api/projects')).headers.has('strict-transport-security')).toBe(false);
  });
});

describe('names that the service does not go by', () => {
  const CODE = { status: 403, body: { code: 'HOST_NOT_ALLOWED' } };
  const start = async (http: object): Promise<void> => {
    service = await TestService.start({ config: { http } });
  };
  afterEach(() => service.stop());

  const as = async (host: string, path = '/api/projects', more = ''): Promise<RawResponse> =>
    RawHttp.exchange(
      service.url,
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${TOKENS.viewer}\r\n${more}\r\n`,
    );

  it('are refused on a loopback address, credentials or not: a page could have made them lead here', async () => {
    await start({ host: '127.0.0.1' });
    expect(await as('evil.example')).toMatchObject({ ...CODE, body: { info: { header: 'Host' } } });
    expect(await as('evil.example', '/api/docs')).toMatchObject(CODE);
    expect(await as('evil.example', '/metrics')).toMatchObject(CODE);
    expect((await as('localhost:3000')).status).toBe(200);
    expect((await as('127.0.0.1')).status).toBe(200);
  });

  it('do not matter to health probes, which orchestrators send to addresses', async () => {
    await start({ allowedHosts: ['ops.example.com'] });
    expect((await as('10.1.2.3', '/health/live')).status).toBe(200);
    expect(await as('10.1.2.3')).toMatchObject(CODE);
  });

  it('are none elsewhere, unless names are configured; a reload changes them', async () => {
    await start({});
    expect((await as('any.example')).status).toBe(200);
    service.config.replace(testConfig({ config: { http: { allowedHosts: ['ops.example.com'] } } }));
    expect(await as('any.example')).toMatchObject(CODE);
    expect((await as('OPS.example.com:443')).status).toBe(200);
  });

  it('are no better in Origin', async () => {
    await start({ host: '127.0.0.1' });
    const from = (origin: string): Promise<RawResponse> =>
      as('localhost', '/api/projects', `Origin: ${origin}\r\n`);
    expect(await from('https://evil.example')).toMatchObject({
      ...CODE,
      body: { info: { header: 'Origin' } },
    });
    expect(await from('null')).toMatchObject(CODE);
    expect((await from('http://localhost:8080')).status).toBe(200);
  });
});

/** What of the OpenAPI document concerns a page's browser. */
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
}

interface OpenApiOperation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses: Readonly<Record<string, { readonly headers?: object }>>;
}

describe('CORS', () => {
  const start = async (corsOrigins: readonly string[]): Promise<void> => {
    service = await TestService.start({ config: { http: { port: 0, corsOrigins } } });
  };
  afterEach(() => service.stop());

  const preflight = (path: string, origin: string): Promise<Answer> =>
    service.request('OPTIONS', path, {
      token: null,
      headers: {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
  const corsHeaders = ({ headers }: Answer): string[] =>
    [...headers.keys()].filter((name) => name.startsWith('access-control-') || name === 'vary');

  it('is off by default: no CORS header, and a preflight is a wrong method', async () => {
    await start([]);
    const answer = await preflight(CONTROL, 'https://app.example.com');
    expect(answer).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
    expect(corsHeaders(answer)).toEqual([]);
    const headers = { origin: 'https://app.example.com' };
    expect(corsHeaders(await service.request('GET', '/api/projects', { headers }))).toEqual([]);
  });

  it('answers the preflight of a configured origin without a token', async () => {
    await start(['https://app.example.com/', 'http://localhost:8080']);
    const { status, headers } = await preflight(CONTROL, 'https://app.example.com');
    expect(status).toBe(204);
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, DELETE',
      'access-control-allow-headers': expect.stringContaining('Authorization, Content-Type'),
      'access-control-max-age': '600',
    });
    expect(headers.has('access-control-allow-credentials')).toBe(false);
  });

  it('lets pages do all that the API can do: its methods, the headers that it reads and those that it sends', async () => {
    await start(['https://app.example.com']);
    const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenApi;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(20);
    const { headers: read } = await service.request('GET', '/api/projects', {
      headers: { origin: 'https://app.example.com' },
    });
    const exposed = read.get('access-control-expose-headers')?.split(', ');
    for (const { path, method, parameters = [], responses } of operations) {
      const names = parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name);
      const { headers } = await service.request('OPTIONS', path.replace(/\{\w+\}/g, 'x'), {
        token: null,
        headers: {
          origin: 'https://app.example.com',
          'access-control-request-method': method.toUpperCase(),
          'access-control-request-headers': names.join(','),
        },
      });
      const listed = (name: string): string[] =>
        (headers.get(`access-control-${name}`) ?? '').toLowerCase().split(', ');
      expect(listed('allow-methods')).toContain(method);
      expect(listed('allow-headers')).toEqual(
        expect.arrayContaining(['authorization', 'content-type', ...names.map((name) => name.toLowerCase())]),
      );
      const sent = Object.values(responses).flatMap((response) => Object.keys(response.headers ?? {}));
      expect(exposed).toEqual(expect.arrayContaining(sent));
    }
  });

  it('lets a configured origin read answers, errors too, and still wants the token', async () => {
    await start(['https://app.example.com']);
    const headers = { origin: 'https://app.example.com' };
    for (const [token, status] of [
      [TOKENS.viewer, 200],
      [null, 401],
    ] as const) {
      const answer = await service.request('GET', '/api/projects', { headers, token });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
      expect(answer.headers.get('access-control-expose-headers')).toContain('X-Request-Id');
      expect(answer.headers.get('vary')).toContain('Origin');
    }
  });

  it.each([
    'https://evil.example.com',
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'null',
  ])('does not know the origin %s', async (origin) => {
    await start(['https://app.example.com']);
    const refused = await preflight(CONTROL, origin);
    expect(refused).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
    expect(refused.headers.get('allow')).toBe('PUT');
    expect(refused.headers.has('access-control-allow-origin')).toBe(false);
    const read = await service.request('GET', '/api/projects', { headers: { origin } });
    expect(read.headers.has('access-control-allow-origin')).toBe(false);
  });

  it('keeps a path that is not there a 404, for OPTIONS too', async () => {
    await start(['https://app.example.com']);
    expect(await service.get('/api/nothing')).toMatchObject({ status: 404 });
    expect(await service.request('OPTIONS', '/api/nothing')).toMatchObject({
      status: 404,
      body: { code: 'ROUTE_NOT_FOUND' },
    });
  });

  it('follows a reload of the list', async () => {
    await start(['https://app.example.com']);
    const { current } = service.config;
    const corsOrigins = ['https://new.example.com'];
    service.config.replace({ ...current, http: { ...current.http, corsOrigins } });
    expect(await preflight(CONTROL, 'https://new.example.com')).toMatchObject({ status: 204 });
    expect(await preflight(CONTROL, 'https://app.example.com')).toMatchObject({ status: 405 });
  });
});

describe('HTTPS', () => {
  const dir = mkdtempSync(join(tmpdir(), 'https-test-'));
  let certificates: Certificates;

  const write = (name: string, content: string): string => {
    const path = join(dir, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const tls = (cert: string, key: string): { cert: string; key: string } => ({
    cert: write('server.crt', cert),
    key: write('server.key', key),
  });

  beforeAll(async () => {
    certificates = makeCertificates();
    const http = { port: 0, tls: tls(certificates.serverCert, certificates.serverKey) };
    service = await TestService.start({ config: { http } });
  });
  afterAll(async () => {
    await service.stop();
    rmSync(dir, { recursive: true });
  });

  const port = (): number => Number(new URL(service.url).port);

  async function get(path: string, ca: string): Promise<{ status: number; hsts: string | undefined }> {
    const request = httpsRequest({ host: '127.0.0.1', port: port(), path, ca, agent: false });
    request.setHeader('authorization', `Bearer ${TOKENS.viewer}`).end();
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    response.resume();
    await once(response, 'end');
    return { status: response.statusCode ?? 0, hsts: response.headers['strict-transport-security'] };
  }

  async function handshake(version: SecureVersion): Promise<string | null> {
    const options = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    const socket: TLSSocket = connect({ ...options, host: '127.0.0.1', port: port(), ca: certificates.ca });
    try {
      await once(socket, 'secureConnect');
      return socket.getProtocol();
    } finally {
      socket.destroy();
    }
  }

  it('serves the API with the configured certificate, and tells browsers to stay with it', async () => {
    expect(service.url).toMatch(/^https:/);
    const { status, hsts } = await get('/api/projects', certificates.ca);
    expect(status).toBe(200);
    expect(hsts).toMatch(/^max-age=\d{8}; includeSubDomains$/);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    expect(await handshake(version)).toBe(version);
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('does not speak %s', async (version) => {
    await expect(handshake(version)).rejects.toThrow(/protocol version|unsupported protocol/);
  });

  it('closes a connection that speaks plain HTTP, and one that sends nonsense', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\0\0\0\0 no handshake \r\n\r\n']) {
      const socket = connectTcp(port(), '127.0.0.1');
      socket.on('error', () => undefined).resume();
      socket.write(bytes);
      await once(socket, 'close');
    }
    expect(await get('/health/live', certificates.ca)).toMatchObject({ status: 200 });
  });

  it('shows a renewed certificate to new connections', async () => {
    const renewed = makeCertificates();
    const { current } = service.config;
    const { serverCert: cert, serverKey: key } = renewed;
    service.config.replace({ ...current, http: { ...current.http, tls: { cert, key } } });
    expect(await get('/health/live', renewed.ca)).toMatchObject({ status: 200 });
    await expect(get('/health/live', certificates.ca)).rejects.toThrow(/unable to verify|certificate/);
  });

  it.each([
    ['a key of another certificate', () => tls(certificates.serverCert, certificates.clientKey)],
    ['what is no PEM', () => tls('nonsense', 'nonsense')],
  ])('refuses %s before anything listens, without quoting it', (_name, pair) => {
    const start = (): unknown => testConfig({ config: { http: { tls: pair() } } });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow('http.tls: needs a certificate and its private key in PEM format');
  });
});
