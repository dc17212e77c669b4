import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const WIDEST = 160;
const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

/** Folders that are no part of the tree, by name. */
const FOREIGN = new Set(['node_modules', 'dist', 'coverage', '.git', '.cache', 'secrets']);

const documents = markdownIn('.');

describe.each(documents)('%s', (file) => {
  const text = readFileSync(file, 'utf8');

  it('is no wider than a screen', () => {
    expect(text.split('\n').filter((line) => line.length > WIDEST)).toEqual([]);
  });

  it('links to files that are there', () => {
    const targets = [...text.matchAll(LINK)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^[a-z]+:/.test(target));
    expect(local.filter((target) => !existsSync(join(dirname(file), target)))).toEqual([]);
  });
});

function markdownIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return FOREIGN.has(entry.name) ? [] : markdownIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}
