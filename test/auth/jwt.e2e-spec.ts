import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPair, type JWTPayload } from 'jose';
import { expectError } from '../support/expect-error.js';
import { freePort } from '../support/free-port.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { until } from '../support/until.js';
import { TestService, TOKENS, type Answer } from '../support/test-service.js';

const EDITOR_OF_P = { client_control: { p: 'editor' } };

let provider: IdentityProvider;
let service: TestService;

beforeAll(async () => {
  provider = await IdentityProvider.create(await freePort());
  service = await TestService.start({ auth: { jwt: provider.config } });
});

afterAll(async () => {
  await service.stop();
  await provider.stop();
});

const projects = (token: string): Promise<Answer> => service.get('/api/projects', token);
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('while the keys of the identity provider cannot be had', () => {
  it('answers 503 with Retry-After to a JWT, and goes on to serve opaque tokens', async () => {
    const answer = await projects(await provider.token(EDITOR_OF_P));
    expectError(answer, 'IDENTITY_PROVIDER_UNAVAILABLE');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await projects(TOKENS.viewer)).status).toBe(200);
  });

  it.each([500, 404, 302])('answers 503 when the provider answers %i', async (status) => {
    await provider.start();
    provider.status = status;
    expectError(await projects(await provider.token(EDITOR_OF_P)), 'IDENTITY_PROVIDER_UNAVAILABLE');
    await provider.stop();
    provider.status = 200;
  });

  it('accepts the same token once they can', async () => {
    const token = await provider.token(EDITOR_OF_P);
    expectError(await projects(token), 'IDENTITY_PROVIDER_UNAVAILABLE');
    await provider.start();
    // It is asked again when the pause that Retry-After tells is over.
    await until(async () => (await projects(token)).status === 200, 'the token is accepted');
    expect(await projects(token)).toMatchObject({ status: 200, body: [{ id: 'p' }] });
  });
});

describe('a JWT', () => {
  it('is checked against cached keys: they are fetched once for many requests', async () => {
    const before = provider.fetches;
    const tokens = await Promise.all(Array.from({ length: 20 }, () => provider.token(EDITOR_OF_P)));
    for (const { status } of await Promise.all(tokens.map(projects))) expect(status).toBe(200);
    expect(provider.fetches).toBe(before);
  });

  it('is still accepted when the provider goes down: its keys are cached', async () => {
    await provider.stop();
    expect((await projects(await provider.token(EDITOR_OF_P))).status).toBe(200);
    await provider.start();
  });

  const now = Math.floor(Date.now() / 1000);
  it.each([
    ['expired', { exp: now - 60 }, 'expired'],
    ['not valid yet', { nbf: now + 300 }, 'unknown'],
    ['of another issuer', { iss: 'https://evil.example.com/' }, 'unknown'],
    ['for another audience', { aud: 'another' }, 'unknown'],
    ['without an audience', { aud: undefined }, 'unknown'],
    ['without an end', { exp: undefined }, 'unknown'],
    ['without a subject', { sub: undefined }, 'unknown'],
    ['with an empty subject', { sub: '' }, 'unknown'],
    ['with a subject that is no text', { sub: 7 }, 'unknown'],
  ])('that is %s is refused', async (_what, claims, reason) => {
    const answer = await projects(await provider.token({ ...EDITOR_OF_P, ...claims } as JWTPayload));
    expectError(answer, 'UNAUTHORIZED', { reason });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it('that another key signed is refused', async () => {
    const { privateKey: key } = await generateKeyPair('RS256');
    expectError(await projects(await provider.token(EDITOR_OF_P, { key })), 'UNAUTHORIZED', {
      reason: 'unknown',
    });
  });

  it('that was changed after it was signed is refused', async () => {
    const [head = '', , signature = ''] = (await provider.token(EDITOR_OF_P)).split('.');
    const claims = { iss: provider.issuer, aud: provider.audience, sub: 'ada', exp: now + 300 };
    const forged = `${head}.${encoded({ ...claims, client_control: { '*': 'admin' } })}.${signature}`;
    expectError(await projects(forged), 'UNAUTHORIZED', { reason: 'unknown' });
  });

  it('that names an unknown key is refused, and does not make the service fetch the keys each time', async () => {
    const before = provider.fetches;
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, index) => provider.token(EDITOR_OF_P, { kid: `key-${index + 2}` })),
    );
    for (const answer of await Promise.all(tokens.map(projects)))
      expectError(answer, 'UNAUTHORIZED', { reason: 'unknown' });
    expect(provider.fetches - before).toBeLessThan(10);
  });

  it('with alg none is refused, with a signature and without', async () => {
    const claims = {
      iss: provider.issuer,
      aud: provider.audience,
      sub: 'ada',
      exp: now + 300,
      ...EDITOR_OF_P,
    };
    const unsigned = `${encoded({ alg: 'none' })}.${encoded(claims)}`;
    for (const token of [`${unsigned}.`, `${unsigned}.c2ln`]) {
      expectError(await projects(token), 'UNAUTHORIZED', { reason: 'unknown' });
    }
  });

  it('that was signed with the public key as an HMAC secret is refused', async () => {
    const key = new TextEncoder().encode(JSON.stringify(provider.keys[0]));
    const token = await provider.token(EDITOR_OF_P, { alg: 'HS256', key });
    expectError(await projects(token), 'UNAUTHORIZED', { reason: 'unknown' });
  });

  it.each(['a.b.c', '!.!.!', `${encoded({})}.${encoded({})}.c2ln`])(
    'that is garbage is refused: %s',
    async (token) => {
      expectError(await projects(token), 'UNAUTHORIZED');
    },
  );
});

describe('the grants claim', () => {
  const visible = async (claim: unknown): Promise<unknown> => {
    const { status, body } = await projects(await provider.token({ client_control: claim }));
    expect(status).toBe(200);
    return (body as { id: string }[]).map(({ id }) => id);
  };

  it.each([
    [{ p: 'viewer' }, ['p']],
    [{ other: 'admin', p: 'editor' }, ['p', 'other']],
    [{ '*': 'viewer' }, ['p', 'other']],
    [{ nowhere: 'admin' }, []],
    // An entry that means nothing is left out, and the others hold.
    [{ p: 'admin', other: 'root' }, ['p']],
    [{}, []],
  ])('%j lets see %j', async (claim, expected) => {
    expect(await visible(claim)).toEqual(expected);
  });

  it.each([
    [undefined],
    [null],
    ['admin'],
    [['p']],
    [{ p: 'root' }],
    [{ p: 'ADMIN' }],
    [{ p: ['admin'] }],
    [{ p: { role: 'admin' } }],
    [[{ project: '*', role: 'admin' }]],
  ])('grants nothing when it is malformed: %j', async (claim) => {
    expect(await visible(claim)).toEqual([]);
  });

  it('is enforced per role', async () => {
    const viewer = await provider.token({ client_control: { p: 'viewer' } });
    expectError(await service.control('disconnect', { clientid: 'x' }, { token: viewer }), 'NOT_ALLOWED');
    const editor = await provider.token(EDITOR_OF_P);
    expectError(
      await service.control('disconnect', { clientid: 'x' }, { token: editor }),
      'BROKER_NOT_FOUND',
    );
  });

  it('gives the log the subject as the name of the caller', async () => {
    await projects(await provider.token({ ...EDITOR_OF_P, sub: 'grace' }));
    const callers = service.logLines.map((line) => (JSON.parse(line) as { caller?: string }).caller);
    expect(callers).toContain('grace');
  });
});
