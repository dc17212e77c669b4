import { describe, expect, it, jest } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issue } from '../errors/issue.js';
import { ConfigError } from './config-error.js';
import type { Config } from './config.js';
import { parseConfig, type Environment } from './parse-config.js';
import { makeCertificates } from '../../test/support/certificates.js';

const HASH = 'ab'.repeat(32);

const parse = (tree: unknown, environment: Environment = {}): Config =>
  parseConfig(typeof tree === 'string' ? tree : JSON.stringify(tree), 'the file', '.', environment);

function errorOf(tree: unknown, environment: Environment = {}): ConfigError {
  try {
    parse(tree, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const issuesOf = (tree: unknown, environment?: Environment): readonly Issue[] =>
  errorOf(tree, environment).issues;
const pathsOf = (tree: unknown): string[] => issuesOf(tree).map(({ path }) => path);
const withBroker = (settings: object): object => ({
  projects: [{ id: 'p', brokers: [{ id: 'b', url: 'mqtt://h', ...settings }] }],
});
const withToken = (settings: object): object => ({
  auth: { tokens: [{ name: 'ops', sha256: HASH, grants: [], ...settings }] },
});

describe('parseConfig', () => {
  it('fills in the defaults of the contract', () => {
    expect(parse('')).toMatchObject({
      http: { host: '127.0.0.1', port: 3000, bodyLimitBytes: 262_144 },
      auth: { tokens: [] },
      rateLimit: { requestsPerMinute: 6000 },
      projects: [],
    });
    expect(parse(withBroker({})).projects).toMatchObject([
      {
        id: 'p',
        name: 'p',
        brokers: [
          {
            id: 'b',
            name: 'b',
            protocolVersion: 5,
            clientIdPrefix: 'client-control',
            requestTimeoutMs: 5000,
            connectTimeoutMs: 10_000,
            keepaliveSeconds: 30,
            reconnect: { minDelayMs: 250, maxDelayMs: 30_000 },
            maxPending: 10_000,
            maxBatch: 100,
          },
        ],
      },
    ]);
  });

  it('takes every key of the contract', () => {
    const { ca, clientCert, clientKey } = makeCertificates();
    const dir = mkdtempSync(join(tmpdir(), 'parse-config-'));
    for (const [name, pem] of Object.entries({ ca, clientCert, clientKey }))
      writeFileSync(join(dir, name), pem);
    const config = parseConfig(
      `
http: { host: 127.0.0.1, port: 3000, bodyLimitBytes: 262144 }
auth:
  tokens:
    - name: ops
      sha256: ${HASH.toUpperCase()}
      expiresAt: 2027-06-30T00:00:00Z
      grants:
        - { project: plant-a, role: editor, brokers: [line-1] }
        - { project: "*", role: viewer }
  jwt:
    issuer: https://id.example.com/
    audience: client-control
    jwksUri: https://id.example.com/.well-known/jwks.json
    grantsClaim: client_control
rateLimit: { requestsPerMinute: 6000 }
projects:
  - id: plant-a
    name: Plant A
    brokers:
      - id: line-1
        name: Line 1
        url: mqtts://broker.example.com:8883
        protocolVersion: 5
        clientIdPrefix: client-control
        username: gateway
        password: \${LINE1_PASSWORD}
        tls: { ca: ca, cert: clientCert, key: clientKey, rejectUnauthorized: true, servername: name }
        requestTimeoutMs: 5000
        connectTimeoutMs: 10000
        keepaliveSeconds: 30
        reconnect: { minDelayMs: 250, maxDelayMs: 30000 }
        maxPending: 10000
        maxBatch: 100
`,
      'the file',
      dir,
      { LINE1_PASSWORD: 'pass: #word' },
    );
    rmSync(dir, { recursive: true });
    expect(config.auth.tokens).toEqual([
      {
        name: 'ops',
        sha256: HASH,
        expiresAt: new Date('2027-06-30T00:00:00Z'),
        grants: [
          { project: 'plant-a', role: 'editor', brokers: ['line-1'] },
          { project: '*', role: 'viewer' },
        ],
      },
    ]);
    expect(config.projects[0]?.brokers[0]).toMatchObject({
      password: 'pass: #word',
      tls: { ca, cert: clientCert, key: clientKey, rejectUnauthorized: true, servername: 'name' },
    });
  });

  it.each(['mqtt://h', 'mqtts://h:8883', 'ws://h/mqtt', 'wss://h:443/mqtt?x=1', 'mqtt://[::1]:1883'])(
    'takes the broker url %s',
    (url) => {
      expect(parse(withBroker({ url })).projects[0]?.brokers[0]?.url).toBe(url);
    },
  );

  it.each([
    'h',
    'http://h',
    'tcp://h:1883',
    'mqtt://',
    'mqtt://user@h',
    'mqtt://user:hunter2@h',
    'mqtt:h',
    1,
    '',
  ])('refuses the broker url %j', (url) => {
    expect(pathsOf(withBroker({ url }))).toContain('projects[0].brokers[0].url');
  });

  it.each([{ minDelayMs: 60_000 }, { maxDelayMs: 100 }, { minDelayMs: 6, maxDelayMs: 5 }])(
    'reports the reconnect delays %j, compared with the defaults',
    (reconnect) => {
      expect(issuesOf(withBroker({ reconnect }))).toEqual([
        {
          path: 'projects[0].brokers[0].reconnect.minDelayMs',
          message: 'must not be larger than maxDelayMs',
        },
      ]);
    },
  );

  it('takes equal reconnect delays', () => {
    const reconnect = { minDelayMs: 5, maxDelayMs: 5 };
    expect(parse(withBroker({ reconnect })).projects[0]?.brokers[0]).toMatchObject({ reconnect });
  });

  it('takes numbers and booleans from the environment, where all values are text', () => {
    const settings = { url: 'mqtts://h', requestTimeoutMs: '${T}', tls: { rejectUnauthorized: '${R}' } };
    const [broker] = parse(withBroker(settings), { T: '250', R: 'false' }).projects[0]?.brokers ?? [];
    expect(broker).toMatchObject({ requestTimeoutMs: 250, tls: { rejectUnauthorized: false } });
  });

  it('lets HOST and PORT win over the file', () => {
    const file = { http: { host: '10.0.0.1', port: 1 } };
    expect(parse(file, { HOST: '127.0.0.1', PORT: '0' }).http).toMatchObject({ host: '127.0.0.1', port: 0 });
    expect(parse(file, { HOST: '', PORT: '' }).http).toMatchObject({ host: '10.0.0.1', port: 1 });
    expect(parse('', { PORT: '8080' }).http.port).toBe(8080);
    expect(issuesOf('', { PORT: '65536' })).toEqual([
      { path: 'http.port', message: 'must be at most 65535' },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['an unknown key at the top', { htttp: {} }, 'htttp'],
    ['an unknown key of http', { http: { prot: 1 } }, 'http.prot'],
    ['an unknown key of a token', withToken({ token: 'x' }), 'auth.tokens[0].token'],
    ['an unknown key of a broker', withBroker({ pasword: 'x' }), 'projects[0].brokers[0].pasword'],
    [
      'an unknown key of tls',
      withBroker({ url: 'mqtts://h', tls: { caa: 'x' } }),
      'projects[0].brokers[0].tls.caa',
    ],
    ['a list where a mapping belongs', { http: [] }, 'http'],
    ['a mapping where a list belongs', { projects: {} }, 'projects'],
    ['text at the top', 'just text', ''],
    ['a port out of range', { http: { port: 65_536 } }, 'http.port'],
    ['a port with a fraction', { http: { port: 1.5 } }, 'http.port'],
    ['a negative limit', { rateLimit: { requestsPerMinute: -1 } }, 'rateLimit.requestsPerMinute'],
    ['a body limit of 0', { http: { bodyLimitBytes: 0 } }, 'http.bodyLimitBytes'],
    ['a project without id', { projects: [{ name: 'x' }] }, 'projects[0].id'],
    ['an id with a slash', { projects: [{ id: 'a/b' }] }, 'projects[0].id'],
    ['an id that begins with a dot', { projects: [{ id: '.a' }] }, 'projects[0].id'],
    ['an id of 65 characters', { projects: [{ id: 'a'.repeat(65) }] }, 'projects[0].id'],
    ['MQTT version 3', withBroker({ protocolVersion: 3 }), 'projects[0].brokers[0].protocolVersion'],
    ['a timeout of 0', withBroker({ requestTimeoutMs: 0 }), 'projects[0].brokers[0].requestTimeoutMs'],
    [
      'a keepalive over 65535',
      withBroker({ keepaliveSeconds: 65_536 }),
      'projects[0].brokers[0].keepaliveSeconds',
    ],
    ['a username with U+0000', withBroker({ username: 'a\0b' }), 'projects[0].brokers[0].username'],
    ['half a character', withBroker({ clientIdPrefix: '\ud800' }), 'projects[0].brokers[0].clientIdPrefix'],
    ['an empty password', withBroker({ password: '' }), 'projects[0].brokers[0].password'],
    ['a hash that is too short', withToken({ sha256: HASH.slice(1) }), 'auth.tokens[0].sha256'],
    ['a date without zone', withToken({ expiresAt: '2027-06-30T00:00:00' }), 'auth.tokens[0].expiresAt'],
    ['a date that is none', withToken({ expiresAt: 'soon' }), 'auth.tokens[0].expiresAt'],
    ['a token without grants', withToken({ grants: undefined }), 'auth.tokens[0].grants'],
    [
      'an unknown role',
      withToken({ grants: [{ project: '*', role: 'root' }] }),
      'auth.tokens[0].grants[0].role',
    ],
    [
      'an empty list of brokers',
      { ...withBroker({}), ...withToken({ grants: [{ project: 'p', role: 'admin', brokers: [] }] }) },
      'auth.tokens[0].grants[0].brokers',
    ],
    [
      'a grant on no configured project',
      withToken({ grants: [{ project: 'x', role: 'admin' }] }),
      'auth.tokens[0].grants[0].project',
    ],
    ['half of jwt', { auth: { jwt: { issuer: 'i', audience: 'a', grantsClaim: 'c' } } }, 'auth.jwt.jwksUri'],
    ['duplicate ids', { projects: [{ id: 'p' }, { id: 'p' }] }, 'projects[1].id'],
    ['an unset environment variable', { projects: [{ id: 'p', name: '${UNSET}' }] }, 'projects[0].name'],
  ])('reports %s with its path', (_what, tree, path) => {
    expect(pathsOf(tree)).toContain(path);
  });

  it('reports all problems at once, each on its line', () => {
    const error = errorOf({
      http: { port: 'x', hots: 1 },
      projects: [
        { id: 'p' },
        { id: 'p', brokers: [{ id: 'b', url: '${UNSET}', tls: { cert: 'no such file' } }] },
      ],
      ...withToken({ grants: [{ project: 'x', role: 'root' }] }),
    });
    const paths = error.issues.map(({ path }) => path);
    for (const path of [
      'http.port',
      'http.hots',
      'projects[1].id',
      'projects[1].brokers[0].url',
      'projects[1].brokers[0].tls',
      'projects[1].brokers[0].tls.cert',
      'auth.tokens[0].grants[0].role',
      'auth.tokens[0].grants[0].project',
    ]) {
      expect(paths).toContain(path);
      expect(error.message).toContain(`\n  - ${path}: `);
    }
  });

  it('reports an unset variable once, whatever the key takes', () => {
    expect(pathsOf({ http: { port: '${UNSET}' } })).toEqual(['http.port']);
  });
});

describe('defaults.broker', () => {
  const broker = (settings: object) => ({ id: 'b', url: 'mqtts://h', ...settings });

  it('holds for every broker that does not say otherwise', () => {
    const { projects } = parse({
      defaults: { broker: { requestTimeoutMs: 3000, protocolVersion: 4, tls: { servername: 's' } } },
      projects: [{ id: 'p', brokers: [broker({}), broker({ id: 'c', requestTimeoutMs: 1 })] }],
    });
    expect(projects[0]?.brokers).toMatchObject([
      { requestTimeoutMs: 3000, protocolVersion: 4, tls: { servername: 's', rejectUnauthorized: true } },
      { requestTimeoutMs: 1, protocolVersion: 4 },
    ]);
  });

  it('is reported where it stands, once, however many brokers it is for', () => {
    const defaults = { broker: { maxBatch: 0, tls: { ca: 'no such file' }, mxPending: 1, id: 'x' } };
    const brokers = [broker({}), broker({ id: 'c' })];
    expect(pathsOf({ defaults, projects: [{ id: 'p', brokers }] }).sort()).toEqual([
      'defaults.broker.id',
      'defaults.broker.maxBatch',
      'defaults.broker.mxPending',
      'defaults.broker.tls.ca',
    ]);
  });
});

describe('auth.jwt', () => {
  const provider = { issuer: 'i', audience: 'a', jwksUri: 'https://h/keys', grantsClaim: 'c' };
  const mapped = (mapping: object): object => ({
    projects: [{ id: 'p', brokers: [{ id: 'b', url: 'mqtt://h' }] }],
    auth: { jwt: { ...provider, grantsClaim: undefined, grants: [mapping] } },
  });

  it('is one provider or a list of them', () => {
    const [one] = parse({ auth: { jwt: provider } }).auth.jwt;
    expect(one).toMatchObject({ ...provider, nameClaim: ['sub'], staleKeysMinutes: 60, grants: [] });
    const second = { ...provider, issuer: 'j', nameClaim: ['a', 'b'] };
    expect(parse({ auth: { jwt: [provider, second] } }).auth.jwt).toMatchObject([provider, second]);
    expect(parse('').auth.jwt).toEqual([]);
  });

  it.each([
    [{ claim: 'roles', value: 'v', project: 'p', role: 'editor', brokers: ['b'] }],
    [{ claim: ['realm_access', 'roles'], value: 'v', project: '*', role: 'admin' }],
    [{ claim: 'roles', pattern: '^cc\\.(?<project>[^.]+)\\.(?<role>viewer|editor)$' }],
    [{ claim: 'groups', pattern: '^(?<broker>.+)$', project: 'p', role: 'viewer' }],
  ])('takes the mapping %j', (mapping) => {
    const claim = [mapping.claim].flat();
    expect(parse(mapped(mapping)).auth.jwt[0]?.grants).toEqual([{ ...mapping, claim }]);
  });

  it.each<[object, string]>([
    [{ claim: 'c', project: 'p', role: 'viewer' }, 'value'],
    [{ claim: 'c', value: 'v', pattern: 'x', project: 'p', role: 'viewer' }, 'value'],
    [{ claim: 'c', value: 'v', role: 'viewer' }, 'project'],
    [{ claim: 'c', value: 'v', project: 'p' }, 'role'],
    [{ claim: 'c', pattern: '(?<project>.*)', project: 'p', role: 'viewer' }, 'project'],
    [{ claim: 'c', pattern: '(', project: 'p', role: 'viewer' }, 'pattern'],
    [{ claim: 'c', value: 'v', project: 'q', role: 'viewer' }, 'project'],
    [{ claim: 'c', value: 'v', project: 'p', role: 'viewer', brokers: ['x'] }, 'brokers[0]'],
    [{ claim: [], value: 'v', project: 'p', role: 'viewer' }, 'claim'],
  ])('reports the mapping %j', (mapping, key) => {
    expect(pathsOf(mapped(mapping))).toEqual([`auth.jwt.grants[0].${key}`]);
  });

  it.each<[unknown, string]>([
    [{ ...provider, grantsClaim: undefined }, 'auth.jwt.grantsClaim'],
    [[provider, provider], 'auth.jwt[1].issuer'],
    [[provider, { ...provider, issuer: 1 }], 'auth.jwt[1].issuer'],
    [{ ...provider, jwksUri: 'h' }, 'auth.jwt.jwksUri'],
    ['text', 'auth.jwt'],
  ])('reports %j', (jwt, path) => {
    expect(pathsOf({ auth: { jwt } })).toEqual([path]);
  });

  it('has to accept the tokens of the sign-in of the console', () => {
    const signIn = { issuer: 'https://other', clientId: 'x' };
    expect(pathsOf({ auth: { jwt: provider }, console: { signIn } })).toEqual(['console.signIn.issuer']);
    const jwt = [provider, { ...provider, issuer: 'https://other' }];
    expect(parse({ auth: { jwt }, console: { signIn } }).console.signIn).toEqual({
      ...signIn,
      scope: 'openid',
      origins: [],
    });
  });
});

describe('http.trustProxy', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '10.0.0.0/255.0.0.0', '::1', 'fd00::/8', 'loopback', 'uniquelocal'])(
    'takes %s',
    (entry) => {
      expect(parse({ http: { trustProxy: [entry] } }).http.trustProxy).toEqual([entry]);
    },
  );

  it.each(['nginx', '10.0.0.0/33', '10.0.0.0/0', '10.0.0.0/', '::1/129', '10.0.0.0/255.0.255.0', '1.2.3'])(
    'reports %j with its path',
    (entry) => {
      expect(pathsOf({ http: { trustProxy: ['::1', entry] } })).toEqual(['http.trustProxy[1]']);
    },
  );
});

describe('http.publicUrl and http.allowedHosts', () => {
  it('are taken', () => {
    const http = { publicUrl: 'https://h/cc/', allowedHosts: ['h', '*.example.com', '[::1]', '10.0.0.1'] };
    expect(parse({ http }).http).toMatchObject({ ...http, publicUrl: 'https://h/cc' });
  });

  it.each([{ publicUrl: 'h' }, { publicUrl: 'https://h/?a' }, { publicUrl: 'ftp://h' }])(
    'reports %j',
    (http) => {
      expect(pathsOf({ http })).toEqual(['http.publicUrl']);
    },
  );

  it.each(['https://h', 'h:80', 'a b', '::1'])('reports the host %j', (host) => {
    expect(pathsOf({ http: { allowedHosts: [host] } })).toEqual(['http.allowedHosts[0]']);
  });
});

describe('the address of a store', () => {
  const redis = (settings: object): object => ({ rateLimit: { redis: { url: 'redis://h', ...settings } } });

  it.each(['pa#ss', 'pa/ss', '12/ss', 'pa?ss', '100%'])(
    'is a problem at its key where the password %j breaks it',
    (password) => {
      const url = `://user:${password}@h:6379/0`;
      expect(pathsOf({ rateLimit: { redisUrl: `redis${url}` } })).toEqual(['rateLimit.redisUrl']);
      expect(pathsOf(redis({ url: `rediss${url}` }))).toEqual(['rateLimit.redis.url']);
      expect(pathsOf({ audit: { postgres: { url: `postgres${url}` } } })).toEqual(['audit.postgres.url']);
      expect(parse(redis({ password })).rateLimit.redis).toMatchObject({ password });
    },
  );

  it.each([
    [redis({ url: 'http://h' }), 'rateLimit.redis.url'],
    [redis({ url: 'redis://u:p@h', username: 'u' }), 'rateLimit.redis.username'],
    [redis({ url: 'redis://u:p@h', password: 'p' }), 'rateLimit.redis.password'],
    [redis({ password: 'p', passwordFile: 'package.json' }), 'rateLimit.redis.passwordFile'],
    [redis({ tls: {} }), 'rateLimit.redis.tls'],
    [{ rateLimit: { redisUrl: 'redis://h', redis: { url: 'redis://h' } } }, 'rateLimit.redisUrl'],
  ])('is reported: %j', (tree, path) => {
    expect(pathsOf(tree)).toEqual([path]);
  });
});

describe('audit.store', () => {
  const postgres = { url: 'postgres://h/audit' };

  it.each([
    [{}, 'log'],
    [{ file: 'f' }, 'file'],
    [{ postgres }, 'postgres'],
    [{ store: 'memory' }, 'memory'],
    [{ store: 'postgres', file: 'f', postgres }, 'postgres'],
  ])('of %j is %s', (audit, store) => {
    expect(parse({ audit }).audit.store).toBe(store);
  });

  it.each([{ store: 'file' }, { store: 'postgres' }, { file: 'f', postgres }, { store: 'disk' }])(
    'is reported: %j',
    (audit) => {
      expect(pathsOf({ audit })).toEqual(['audit.store']);
    },
  );

  it.each(['log', 'memory'])('cannot be %s where the trail is required', (store) => {
    expect(pathsOf({ audit: { store, file: 'f', required: true } })).toEqual(['audit.required']);
  });

  it('has no parameters in its address', () => {
    const url = 'postgres://h/audit?sslmode=require';
    expect(pathsOf({ audit: { postgres: { url } } })).toEqual(['audit.postgres.url']);
  });
});

it('looks once at the certificates that many brokers name, and not again at the next reload', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parse-config-'));
  const { ca, clientCert, clientKey } = makeCertificates();
  const files = { ca, cert: clientCert, key: clientKey };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const tls = { ca: 'ca', cert: 'cert', key: 'key' };
  const brokers = Array.from({ length: 20 }, (_, index) => ({ id: `b${index}`, url: 'mqtts://h', tls }));
  const looked = jest.spyOn(X509Certificate.prototype, 'raw', 'get');
  for (let reloads = 0; reloads < 2; reloads += 1) {
    parseConfig(JSON.stringify({ projects: [{ id: 'p', brokers }] }), 'the file', folder, {});
    expect(looked).toHaveBeenCalledTimes(2);
  }
  looked.mockRestore();
  rmSync(folder, { recursive: true });
});
