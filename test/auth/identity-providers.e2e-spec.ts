import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestService, type Answer } from '../support/test-service.js';
import { until } from '../support/until.js';

/** The claims of real providers' access tokens, as far as they matter here. */
const KEYCLOAK = {
  preferred_username: 'ada.lovelace',
  sub: '0c5a3f7e-5f4e-4a6e-9d6b-4a1f0e9c1a11',
  realm_access: { roles: ['default-roles-plant', 'p-editors'] },
  resource_access: { account: { roles: ['view-profile'] } },
};
const ENTRA = { sub: 'AAAA', roles: ['cc.p.viewer'], groups: ['2a4e9a52-6f7c-4a39-8f2e-2f3d5a8d1e11'] };
const AUTH0 = {
  sub: 'client@clients',
  permissions: ['clients:disconnect'],
  'https://example.com/site': 'north',
};

let keycloak: IdentityProvider;
let others: IdentityProvider;
let service: TestService;

beforeAll(async () => {
  keycloak = await IdentityProvider.create(await freePort(), 'https://id.example.com/realms/plant');
  others = await IdentityProvider.create(await freePort(), 'https://login.example.net/');
  await Promise.all([keycloak.start(), others.start()]);
  service = await TestService.start({
    brokers: [{ id: 'b', url: 'mqtt://127.0.0.1:9' }],
    auth: {
      jwt: [
        {
          ...keycloak.config,
          grantsClaim: undefined,
          nameClaim: 'preferred_username',
          grants: [
            {
              claim: ['realm_access', 'roles'],
              value: 'p-editors',
              project: 'p',
              role: 'editor',
              brokers: ['b'],
            },
          ],
        },
        {
          ...others.config,
          grantsClaim: undefined,
          grants: [
            { claim: 'roles', pattern: '^cc\\.(?<project>[^.]+)\\.(?<role>viewer|editor|admin)$' },
            { claim: 'permissions', value: 'clients:disconnect', project: 'other', role: 'editor' },
            { claim: 'https://example.com/site', value: 'north', project: 'p', role: 'viewer' },
          ],
        },
      ],
    },
  });
});

afterAll(async () => {
  await service.stop();
  await Promise.all([keycloak.stop(), others.stop()]);
});

const projects = (token: string): Promise<Answer> => service.get('/api/projects', token);
const ids = async (token: string): Promise<unknown> => {
  const { status, body } = await projects(token);
  expect(status).toBe(200);
  return (body as { id: string }[]).map(({ id }) => id);
};
const logged = (field: string): unknown[] =>
  service.logLines.map((line) => (JSON.parse(line) as Record<string, unknown>)[field]);

describe('tokens as identity providers make them', () => {
  it('grant what the roles of a Keycloak realm are mapped to, on the mapped brokers only', async () => {
    const token = await keycloak.token(KEYCLOAK);
    expect(await ids(token)).toEqual(['p']);
    expectError(
      await service.control('disconnect', { clientid: 'x' }, { token, broker: 'elsewhere' }),
      'NOT_ALLOWED',
    );
  });

  it('name their owner by the claim that is configured, not by an opaque id', async () => {
    await projects(await keycloak.token(KEYCLOAK));
    expect(logged('caller')).toContain('ada.lovelace');
    expect(logged('caller')).not.toContain(KEYCLOAK.sub);
  });

  it('grant what the app roles of Entra ID match', async () => {
    expect(await ids(await others.token(ENTRA))).toEqual(['p']);
  });

  it('grant what the permissions and namespaced claims of Auth0 are mapped to', async () => {
    expect(await ids(await others.token(AUTH0))).toEqual(['p', 'other']);
  });

  it('are accepted from their own issuer only', async () => {
    const forged = await others.token({ ...KEYCLOAK, iss: keycloak.issuer });
    expectError(await projects(forged), 'UNAUTHORIZED', { reason: 'unknown' });
  });

  it('tell the log, and not the caller, which check failed', async () => {
    const answer = await projects(await keycloak.token({ ...KEYCLOAK, aud: 'another' }));
    expectError(answer, 'UNAUTHORIZED', { reason: 'unknown' });
    expect(JSON.stringify(answer.body)).not.toContain('aud');
    expect(logged('refusal')).toContain('unexpected "aud" claim value');
  });
});

describe('the keys of a provider', () => {
  it('may be several without ids', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const [own] = keycloak.keys;
    const { kid: _kid, ...withoutId } = own ?? {};
    const rotated = await IdentityProvider.create(await freePort(), 'https://keys.example.com/');
    const [key] = rotated.keys;
    const { kid: _id, ...mine } = key ?? {};
    rotated.keys.splice(0, 1, { ...(await exportJWK(publicKey)), alg: 'RS256' }, mine, withoutId);
    await rotated.start();
    const alone = await TestService.start({ auth: { jwt: rotated.config } });
    try {
      const token = await rotated.token({ client_control: { p: 'viewer' } }, { kid: null });
      expect((await alone.get('/api/projects', token)).status).toBe(200);
    } finally {
      await alone.stop();
      await rotated.stop();
    }
  });

  it('are found again at once after a rotation, however shortly after the last look', async () => {
    await projects(await others.token(ENTRA));
    await others.rotate('key-new');
    expect((await projects(await others.token(ENTRA))).status).toBe(200);
    await others.rotate('key-newer');
    expect((await projects(await others.token(ENTRA))).status).toBe(200);
  });

  it('are asked for again after a look that failed, which anybody can provoke', async () => {
    await projects(await others.token(ENTRA));
    others.status = 500;
    const unknown = await others.token(ENTRA, { kid: 'anything' });
    await until(async () => (await projects(unknown)).status === 503, 'the look fails');
    others.status = 200;
    await others.rotate('key-after-the-failure');
    const good = await others.token(ENTRA);
    await until(async () => (await projects(good)).status === 200, 'the new key is known', 10_000);
    expect(String((await service.get('/metrics', null)).body)).toContain(
      `client_control_identity_provider_up{issuer="${others.issuer}"} 1`,
    );
  });
});

describe('while a provider is down', () => {
  it('is asked neither for garbage nor for every token, and the requests count against the address', async () => {
    const down = await IdentityProvider.create(await freePort(), 'https://down.example.com/');
    await down.start();
    down.status = 500;
    const alone = await TestService.start({
      auth: { jwt: down.config },
      config: { rateLimit: { unauthenticatedPerMinute: 100 } },
    });
    try {
      const good = await down.token({ client_control: { p: 'viewer' } });
      const garbage = `${good.slice(0, good.lastIndexOf('.'))}.AAAA`;
      const tokens = Array.from({ length: 150 }, (_, index) => (index % 2 === 0 ? good : garbage));
      const answers = await Promise.all(tokens.map((token) => alone.get('/api/projects', token)));
      // At most one a second, for as long as it takes to answer all.
      expect(down.fetches).toBeLessThan(15);
      const codes = answers.map(({ body }) => (body as { code: string }).code);
      expect(new Set(codes)).toEqual(new Set(['IDENTITY_PROVIDER_UNAVAILABLE', 'TOO_MANY_REQUESTS']));
      expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(50);
      const { body } = await alone.get('/metrics', null);
      expect(String(body)).toContain(
        'client_control_identity_provider_up{issuer="https://down.example.com/"} 0',
      );
    } finally {
      await alone.stop();
      await down.stop();
    }
  });
});

describe('a grant that means nothing', () => {
  it('is counted and told once, while the others hold', async () => {
    const alone = await TestService.start({ auth: { jwt: keycloak.config } });
    try {
      const token = await keycloak.token({ client_control: { p: 'viewer', other: 'root' } });
      for (let times = 0; times < 3; times += 1) {
        const { body } = await alone.get('/api/projects', token);
        expect(body).toEqual([expect.objectContaining({ id: 'p' })]);
      }
      const told = alone.logLines.filter((line) => line.includes('means nothing'));
      expect(told).toHaveLength(1);
      expect(told[0]).toContain('other');
      const { body } = await alone.get('/metrics', null);
      expect(String(body)).toMatch(/jwt_grants_ignored_total\{issuer="[^"]+"\} 3/);
    } finally {
      await alone.stop();
    }
  });
});
