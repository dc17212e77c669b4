// The test command: installs what is missing, builds, runs every test, and ends with the line "N passed, N failed". With --long
// the sizes of the long form.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { provision } from './provision.mjs';
import { testForm } from './test-form.mjs';

const RESULT = '.cache/jest-result.json';

const run = (command, args, options = {}) =>
  spawnSync(command, args, { stdio: 'inherit', ...options }).status ?? 1;

provision();
mkdirSync('.cache', { recursive: true });
rmSync(RESULT, { force: true });
if (run('npm', ['run', '--silent', 'build']) !== 0) process.exit(1);
if (run(process.execPath, ['scripts/build-console.mjs', '--if-stale']) !== 0) process.exit(1);

const { jestArgs, ...options } = testForm(process.argv.slice(2));
const status = run(
  process.execPath,
  // More workers than CPUs: with two on two CPUs, a quarter of the CPU time was idle, as tests wait for brokers.
  [
    'node_modules/jest/bin/jest.js',
    `--maxWorkers=${Math.ceil(1.5 * availableParallelism())}`,
    '--json',
    `--outputFile=${RESULT}`,
    ...jestArgs,
  ],
  options,
);

const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
  readFileSync(RESULT, 'utf8'),
);
console.log(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
process.exit(status);
