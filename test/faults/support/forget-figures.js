import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

/** Before the suite: forgets the figures of the last run, and notes when this one began. */
export default function forgetFigures() {
  rmSync('.cache/faults', { recursive: true, force: true });
  mkdirSync('.cache/faults', { recursive: true });
  writeFileSync('.cache/faults/began', String(Date.now()));
}
