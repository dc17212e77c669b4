import { describe, expect, it } from '@jest/globals';
import type { Grant } from './caller.js';
import { isAllowed, type Requirement } from './caller.js';

const allowed = (grants: readonly Grant[], requirement: Requirement): boolean =>
  isAllowed({ id: 'token:somebody', name: 'somebody', kind: 'token', grants }, requirement);

describe('isAllowed', () => {
  it('denies everything to a caller without grants', () => {
    expect(allowed([], { role: 'viewer' })).toBe(false);
    expect(allowed([], { role: 'viewer', project: 'p' })).toBe(false);
  });

  it.each([
    [{ project: 'p', role: 'viewer' }, true],
    [{ project: 'p', role: 'admin' }, true],
    [{ project: '*', role: 'viewer' }, true],
    [{ project: 'other', role: 'admin' }, false],
    [{ project: 'P', role: 'admin' }, false],
    [{ project: 'p', role: 'viewer', brokers: ['b'] }, true],
    [{ project: 'p', role: 'admin', brokers: ['a', 'c'] }, false],
    [{ project: 'p', role: 'admin', brokers: [] }, false],
  ] as const)('%j lets a viewer see broker b of project p: %p', (grant, expected) => {
    expect(allowed([grant], { role: 'viewer', project: 'p', broker: 'b' })).toBe(expected);
  });

  it('does not let a lower role do what needs a higher one', () => {
    expect(allowed([{ project: 'p', role: 'viewer' }], { role: 'editor', project: 'p' })).toBe(false);
    expect(allowed([{ project: 'p', role: 'editor' }], { role: 'admin', project: 'p' })).toBe(false);
  });

  it('does not add up grants: one of them has to cover role, project and broker', () => {
    const grants = [
      { project: 'p', role: 'viewer' },
      { project: 'p', role: 'editor', brokers: ['a'] },
      { project: 'other', role: 'admin' },
    ] as const;
    expect(allowed(grants, { role: 'editor', project: 'p', broker: 'b' })).toBe(false);
    expect(allowed(grants, { role: 'editor', project: 'p', broker: 'a' })).toBe(true);
  });

  it('lets a grant on some brokers see the project itself', () => {
    const grants = [{ project: 'p', role: 'viewer', brokers: ['b'] }] as const;
    expect(allowed(grants, { role: 'viewer', project: 'p' })).toBe(true);
  });
});
