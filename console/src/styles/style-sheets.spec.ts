import { expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';

const SOURCE = new URL('..', import.meta.url);

function textOf(...endings: readonly string[]): string {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => readFileSync(new URL(path, SOURCE), 'utf8'))
    .join('\n');
}

it('style what is there: each class is one that a component has', () => {
  const classes = new Set(
    [...textOf('.css').matchAll(/\.([a-z][a-z-]*)(?=[\s.,:>[{)])/g)].map(([, name = '']) => name),
  );
  expect(classes.size).toBeGreaterThan(100);
  const components = textOf('.tsx', '.ts');
  const isUsed = (name: string): boolean => {
    const column = /^column-(.+)/.exec(name)?.[1];
    if (column !== undefined) return components.includes(`name: '${column}'`);
    return new RegExp(`["'\`\\s]${name}["'\`\\s]`).test(components);
  };
  expect([...classes].filter((name) => !isUsed(name))).toEqual([]);
});
