// Runs the fault suite alone: the short form, or with --long the long one. FAULTS_SEED repeats a run.
import { spawnSync } from 'node:child_process';
import { provision } from './provision.mjs';

/** The long form is bounded: each test, the whole, and the memory of each of the two processes. */
const LONGEST_TEST_MS = 15 * 60_000;
const LONGEST_RUN_MS = 30 * 60_000;
const LARGEST_HEAP_MB = 2048;

const args = process.argv.slice(2);
const isLong = args.includes('--long');

provision();
const heap = isLong ? `--max-old-space-size=${LARGEST_HEAP_MB}` : '';
const options = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings ${heap}`.trim();
const { status, error } = spawnSync(
  process.execPath,
  [
    'node_modules/jest/bin/jest.js',
    '--selectProjects=faults',
    '--maxWorkers=2',
    ...(isLong ? [`--testTimeout=${LONGEST_TEST_MS}`] : []),
    ...args.filter((arg) => arg !== '--long'),
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, NODE_OPTIONS: options, ...(isLong && { FAULTS: 'long' }) },
    ...(isLong && { timeout: LONGEST_RUN_MS }),
  },
);
if (error !== undefined) console.error(`The fault suite was ended: ${error.message}`);
process.exit(status ?? 1);
