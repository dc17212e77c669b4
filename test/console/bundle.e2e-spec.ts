import { expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const DIST = 'console/dist';
const MOST_BYTES = 150 * 1024;

it('the console is smaller than 150 KB on the way, all of it, and has nothing inline that its policy would refuse', () => {
  execFileSync(process.execPath, ['scripts/build-console.mjs', '--if-stale']);
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map(({ parentPath, name }) => join(parentPath, name));
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).byteLength, 0);
  process.stdout.write(`the console: ${(bytes / 1024).toFixed(1)} KB gzip in ${files.length} files\n`);
  expect(bytes).toBeLessThan(MOST_BYTES);

  const page = readFileSync(join(DIST, 'index.html'), 'utf8');
  expect(page).not.toMatch(/<style|style="|<script(?![^>]*\ssrc=)/);
});
