import { describe, expect, it } from '@jest/globals';
import { roleCovers, ROLES } from './role.js';

describe('roleCovers', () => {
  it.each([
    ['viewer', ['viewer']],
    ['editor', ['viewer', 'editor']],
    ['admin', ['viewer', 'editor', 'admin']],
  ] as const)('%s covers %j and nothing else', (held, covered) => {
    expect(ROLES.filter((required) => roleCovers(held, required))).toEqual(covered);
  });
});
