import { rmSync } from 'node:fs';

/** Before the suite: forgets the figures of the last run. */
export default function forgetFigures() {
  rmSync('.cache/faults', { recursive: true, force: true });
}
