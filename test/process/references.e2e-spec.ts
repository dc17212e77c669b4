import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { references } from '../../src/boot/reference/references.js';

const FILES = ['config.schema.json', 'docs/configuration.md', 'docs/errors.md', 'docs/metrics.md'];

describe('what is made from the code', () => {
  let current: ReadonlyMap<string, string>;
  beforeAll(async () => {
    current = await references();
  });

  it('is what this test knows', () => {
    expect([...current.keys()]).toEqual(FILES);
  });

  it.each(FILES)('is current in %s; if not, run `npm run docs`', async (path) => {
    const options = { ...(await resolveConfig(path)), filepath: path };
    expect(readFileSync(path, 'utf8')).toBe(await format(current.get(path) ?? '', options));
  });

  it.each(FILES.filter((path) => path.endsWith('.md')))('fits a screen in %s', (path) => {
    const long = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.length > 160);
    expect(long).toEqual([]);
  });

  it.each(FILES)('is marked as generated, or says where it is: %s', (path) => {
    const isMarked = new RegExp(`^/${path} .*linguist-generated`, 'm').test(
      readFileSync('.gitattributes', 'utf8'),
    );
    const saysWhere = readFileSync(path, 'utf8').includes('<!-- generated: ');
    expect(isMarked || saysWhere).toBe(true);
  });
});
