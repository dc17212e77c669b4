// Runs the fault suite alone: the short form, or with --long the long one. FAULTS_SEED repeats a run.
import { spawnSync } from 'node:child_process';
import { provision } from './provision.mjs';
import { testForm } from './test-form.mjs';

provision();
const { jestArgs, ...options } = testForm(process.argv.slice(2));
const { status, error } = spawnSync(
  process.execPath,
  ['node_modules/jest/bin/jest.js', '--selectProjects=faults', '--maxWorkers=2', ...jestArgs],
  { stdio: 'inherit', ...options },
);
if (error !== undefined) console.error(`The fault suite was ended: ${error.message}`);
process.exit(status ?? 1);
