import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Makes 3,000,000 lists of which the latest 400,000 are kept at a time, as a moment with many callers does; then how many of 1,000 are young. */
const TEACH_AND_COUNT = `
  const make = (number) => [number, number, { number }];
  let kept = [];
  for (let number = 0; number < 3_000_000; number += 1) {
    kept.push(make(number));
    if (kept.length > 400_000) kept = [];
  }
  kept = undefined;
  let young = 0;
  for (let number = 0; number < 1000; number += 1) if (%InYoungGeneration(make(number))) young += 1;
  console.log(young);
`;

function youngAfterTeaching(tune: string): string {
  const script = `${tune}\n${TEACH_AND_COUNT}`;
  const args = ['--allow-natives-syntax', '--input-type=module', '--eval', script];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.trim();
}

describe('the garbage collector', () => {
  it('is not taught by a busy moment to make everything old from then on, as V8 by itself is', () => {
    const module = pathToFileURL(resolve('dist/boot/garbage-collector.js')).href;
    const tune = `import { tuneGarbageCollector } from ${JSON.stringify(module)}; tuneGarbageCollector();`;
    expect(youngAfterTeaching('')).not.toBe('1000');
    expect(youngAfterTeaching(tune)).toBe('1000');
  });
});
