import { describe, expect, it } from '@jest/globals';
import type { Issue } from '../errors/issue.js';
import { substituteEnvironment } from './substitute-environment.js';

const ENVIRONMENT = { NAME: 'value', EMPTY: '', TRICKY: '$& ${NAME} $1' };

function substitute(tree: unknown): { readonly tree: unknown; readonly issues: readonly Issue[] } {
  const issues: Issue[] = [];
  return { tree: substituteEnvironment(tree, ENVIRONMENT, issues), issues };
}

describe('substituteEnvironment', () => {
  it.each([
    ['${NAME}', 'value'],
    ['a-${NAME}-b-${NAME}', 'a-value-b-value'],
    ['${EMPTY}', ''],
    ['${NAME:-other}', 'value'],
    ['${EMPTY:-other}', ''],
    ['${UNSET:-other}', 'other'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a:-b c}', 'a:-b c'],
    ['$${NAME}', '${NAME}'],
    ['$NAME ${ ${} ${1X} {NAME} $', '$NAME ${ ${} ${1X} {NAME} $'],
  ])('makes %j into %j', (text, expected) => {
    expect(substitute(text)).toEqual({ tree: expected, issues: [] });
  });

  it('takes a value as it is: no patterns, no second substitution', () => {
    expect(substitute('${TRICKY}').tree).toBe(ENVIRONMENT.TRICKY);
  });

  it('reports each unset name with the path of its string', () => {
    const { issues } = substitute({ a: [{ b: '${ONE} and ${TWO}' }], c: '${THREE}', d: '${NAME}' });
    expect(issues).toEqual([
      { path: 'a[0].b', message: 'the environment variable ONE is not set' },
      { path: 'a[0].b', message: 'the environment variable TWO is not set' },
      { path: 'c', message: 'the environment variable THREE is not set' },
    ]);
  });

  it('leaves keys, numbers, booleans, null and dates alone, and the input too', () => {
    const date = new Date(0);
    const tree = { '${NAME}': 1, b: true, n: null, d: date, list: ['${NAME}'] };
    expect(substitute(tree).tree).toEqual({ '${NAME}': 1, b: true, n: null, d: date, list: ['value'] });
    expect(tree.list).toEqual(['${NAME}']);
  });
});
