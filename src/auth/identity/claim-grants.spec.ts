import { describe, expect, it } from '@jest/globals';
import type { JwtConfig } from '../../config/config.js';
import { grantsFrom } from './claim-grants.js';

type Mapping = JwtConfig['grants'][number];

const config = (part: { grantsClaim?: string; grants?: readonly Mapping[] }): JwtConfig => ({
  issuer: 'https://id.example.com/',
  audience: 'client-control',
  jwksUri: 'https://id.example.com/jwks',
  nameClaim: ['sub'],
  staleKeysMinutes: 60,
  grants: [],
  ...part,
});

const mapped = (claims: Record<string, unknown>, ...grants: Mapping[]): unknown =>
  grantsFrom(claims, config({ grants })).grants;

describe('grants from the claims that identity providers make', () => {
  it('reads the realm roles of Keycloak', () => {
    const claims = { realm_access: { roles: ['offline_access', 'plant-a-editors'] } };
    const rule: Mapping = {
      claim: ['realm_access', 'roles'],
      value: 'plant-a-editors',
      project: 'plant-a',
      role: 'editor',
      brokers: ['line-1'],
    };
    expect(mapped(claims, rule)).toEqual([{ project: 'plant-a', role: 'editor', brokers: ['line-1'] }]);
  });

  it('reads the client roles of Keycloak', () => {
    const claims = {
      resource_access: { 'client-control': { roles: ['admin'] }, account: { roles: ['admin-x'] } },
    };
    const rule: Mapping = {
      claim: ['resource_access', 'client-control', 'roles'],
      value: 'admin',
      project: '*',
      role: 'admin',
    };
    expect(mapped(claims, rule)).toEqual([{ project: '*', role: 'admin' }]);
  });

  it('reads the roles and groups of Entra ID', () => {
    const claims = { roles: ['cc.plant-a.viewer'], groups: ['3f1c9a52-6f7c-4a39-8f2e-2f3d5a8d1e11'] };
    const pattern: Mapping = {
      claim: ['roles'],
      pattern: '^cc\\.(?<project>[^.]+)\\.(?<role>viewer|editor|admin)$',
    };
    const group: Mapping = {
      claim: ['groups'],
      value: '3f1c9a52-6f7c-4a39-8f2e-2f3d5a8d1e11',
      project: 'plant-b',
      role: 'editor',
    };
    expect(mapped(claims, pattern, group)).toEqual([
      { project: 'plant-a', role: 'viewer' },
      { project: 'plant-b', role: 'editor' },
    ]);
  });

  it('reads the permissions and namespaced claims of Auth0, and the words of a scope', () => {
    const claims = {
      permissions: ['control:plant-a:line-2'],
      'https://example.com/roles': ['ops'],
      scope: 'openid cc-view',
    };
    expect(
      mapped(
        claims,
        { claim: ['permissions'], pattern: '^control:(?<project>[^:]+):(?<broker>.+)$', role: 'editor' },
        { claim: ['https://example.com/roles'], value: 'ops', project: '*', role: 'admin' },
        { claim: ['scope'], value: 'cc-view', project: 'plant-a', role: 'viewer' },
      ),
    ).toEqual([
      { project: 'plant-a', role: 'editor', brokers: ['line-2'] },
      { project: '*', role: 'admin' },
      { project: 'plant-a', role: 'viewer' },
    ]);
  });

  it('leaves out an entry that means nothing, tells it, and keeps the others', () => {
    const claims = { cc: { 'plant-a': 'editor', 'plant-b': 'superuser', 'plant-c': 'viewer' } };
    const { grants, ignored } = grantsFrom(claims, config({ grantsClaim: 'cc' }));
    expect(grants).toEqual([
      { project: 'plant-a', role: 'editor' },
      { project: 'plant-c', role: 'viewer' },
    ]);
    expect(ignored).toEqual(['cc: the entry for "plant-b" is no role that there is']);
  });

  it.each([
    ['a role inside of an object', { 'plant-a': { role: 'editor' } }],
    ['a list', ['plant-a']],
    ['a text', 'plant-a'],
    ['a project that can be none', { 'a/b': 'editor' }],
  ])('grants nothing for %s in the grants claim', (_name, cc) => {
    const { grants, ignored } = grantsFrom({ cc }, config({ grantsClaim: 'cc' }));
    expect(grants).toEqual([]);
    expect(ignored).toHaveLength(1);
  });

  it('takes no "*" out of a claim by a pattern', () => {
    const rule: Mapping = { claim: ['roles'], pattern: '^cc\\.(?<project>[^.]+)\\.(?<role>.+)$' };
    const { grants, ignored } = grantsFrom(
      { roles: ['cc.*.admin', 'cc.p.owner'] },
      config({ grants: [rule] }),
    );
    expect(grants).toEqual([]);
    expect(ignored).toHaveLength(2);
  });

  it('is not confused by claims that every object inherits', () => {
    expect(
      mapped({}, { claim: ['constructor', 'name'], value: 'Object', project: '*', role: 'admin' }),
    ).toEqual([]);
  });
});
