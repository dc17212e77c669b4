import { fstatSync, writeSync } from 'node:fs';
import { OutputBuffer } from './output-buffer.js';

/** How long the end of the process waits for a reader that is slow. */
const LAST_FLUSH_MS = 500;

/**
 * The process's standard output, which the log goes to. It is a file, a pipe, a socket or a terminal; none of them can
 * stop the service: on a full disk, with a reader that does not read or is gone, lines are kept up to a bound, then lost and counted.
 */
export const standardOutput = new OutputBuffer((bytes) => writeSync(1, bytes), isShared());

/** Makes pipes and sockets answer at once instead of waiting for their reader, and has the last lines written at the end. */
export function openStandardOutput(): void {
  // To look at it is enough: libuv sets O_NONBLOCK on pipes and sockets that it opens, and resets it at the end.
  if (process.stdout.destroyed) return;
  process.once('exit', () => standardOutput.flushWithin(LAST_FLUSH_MS));
}

function isShared(): boolean {
  try {
    const stats = fstatSync(1);
    return stats.isFIFO() || stats.isSocket();
  } catch {
    return false; // closed
  }
}
