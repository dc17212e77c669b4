// Runs the fault suite alone: the short form, or with --long the long one. FAULTS_SEED repeats a run.
import { spawnSync } from 'node:child_process';
import { provision } from './provision.mjs';

const LONGEST_TEST_MS = 300_000;

const args = process.argv.slice(2);
const isLong = args.includes('--long');

provision();
const options = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --no-warnings`.trim();
const { status } = spawnSync(
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
  },
);
process.exit(status ?? 1);
