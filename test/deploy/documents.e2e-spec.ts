import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const WIDEST = 160;
const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

const documents = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');

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
