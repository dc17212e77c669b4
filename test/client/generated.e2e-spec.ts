import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const COMMITTED = 'client/src/generated';

/** The content of each file below a folder, by its path. */
function filesOf(folder: string): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

describe('the generated part of the typed client', () => {
  it('is current; if not, run `npm run client`', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'generated-'));
    try {
      const output = join(parent, 'generated');
      await promisify(execFile)(
        process.execPath,
        [resolve('node_modules/.bin/openapi-ts'), '-f', 'client/openapi-ts.config.mjs', '--silent'],
        { env: { ...process.env, NODE_OPTIONS: '', CLIENT_OUTPUT: output } },
      );
      expect(filesOf(output)).toEqual(filesOf(COMMITTED));
    } finally {
      rmSync(parent, { recursive: true });
    }
  }, 60_000);

  it('names no place that only this machine knows', () => {
    for (const [, text] of filesOf(COMMITTED)) {
      expect(text).not.toMatch(/["'(]\/(?:home|root|work|tmp|usr)\//);
      for (const [, host = ''] of text.matchAll(/https?:\/\/([^/\s"'`}]+)/g))
        expect(['www.npmjs.com', 'developer.mozilla.org', 'swagger.io', 'ops.example.com']).toContain(host);
    }
  });
});
