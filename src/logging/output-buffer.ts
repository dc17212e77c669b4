import { endOfPiece } from './line-pieces.js';

/**
 * Hands bytes to the system.
 *
 * @returns how many of them, from the first on, it has taken
 * @throws {Error} of the operating system: `EAGAIN` where it would have to wait, `ENOSPC`, `EPIPE` and so on
 */
export type WriteBytes = (bytes: Buffer) => number;

/** How much is kept for a reader that is slow or gone, or for a disk that is full, bytes. */
export const MAX_KEPT_BYTES = 1_048_576;
/** Pause before the next attempt: at first, and at most; it doubles while the system takes nothing. */
const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 1000;
const NEWLINE = 10;

/**
 * Gathers the lines of one turn of the event loop into one write, as every write is a system call that all requests
 * wait for, and never waits itself: what the system does not take now is kept and tried again, up to a bound. Lines over
 * the bound are lost and counted. Those that are written are whole and in order, also where others write to the same pipe.
 */
export class OutputBuffer {
  readonly #writeBytes: WriteBytes;
  readonly #isShared: boolean;
  readonly #maxKeptBytes: number;
  /** Lines of this turn. */
  #gathered = '';
  /** What the system did not take. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #lost = 0;
  #lostAndUntold = 0;
  #pauseMs = MIN_PAUSE_MS;
  #retry: NodeJS.Timeout | undefined;
  #onSettled: (() => void)[] = [];
  /** Told, after everything kept has been written, how many lines were lost before. */
  onRecovery: (lost: number) => void = () => undefined;

  /** @param isShared whether it is a pipe or a socket, which others may write to and which may take a part of what is written */
  constructor(writeBytes: WriteBytes, isShared: boolean, maxKeptBytes = MAX_KEPT_BYTES) {
    this.#writeBytes = writeBytes;
    this.#isShared = isShared;
    this.#maxKeptBytes = maxKeptBytes;
  }

  /** Lines lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** @param line with its line break */
  write(line: string): void {
    if (this.#gathered === '') setImmediate(this.flush);
    this.#gathered += line;
  }

  /**
   * Writes what there is.
   *
   * @returns whether the system has taken all of it. If not, later lines may be lost: whoever must not act without a line
   *   asks here, after writing it
   */
  readonly flush = (): boolean => {
    // Nothing overtakes what is kept.
    const isFree = this.#writeKept();
    if (this.#gathered !== '') {
      const bytes = Buffer.from(this.#gathered);
      this.#gathered = '';
      this.#keep(isFree ? bytes.subarray(this.#attempt(bytes)) : bytes);
    }
    if (this.#kept.length > 0 && this.#retry === undefined) this.#retry = this.#schedule();
    if (this.#kept.length === 0 || this.#pauseMs === MAX_PAUSE_MS) {
      for (const settle of this.#onSettled.splice(0)) settle();
    }
    return this.#kept.length === 0;
  };

  /**
   * Resolves when the system has taken what was written before, or has taken nothing for more than a second. Whoever writes
   * more than is kept waits here on the way, and loses nothing while there is a reader.
   */
  settled(): Promise<void> {
    const isSettled = this.#gathered === '' && this.#kept.length === 0;
    return isSettled ? Promise.resolve() : new Promise((resolve) => this.#onSettled.push(resolve));
  }

  /** Tries for some time, blocking, to write what is kept; for the end of the process. */
  flushWithin(timeoutMs: number): void {
    const until = performance.now() + timeoutMs;
    while (!this.flush() && performance.now() < until) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MIN_PAUSE_MS);
    }
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const room = Math.max(this.#maxKeptBytes - this.#keptBytes, 0);
    // Whole lines only.
    const end = bytes.length <= room ? bytes.length : bytes.subarray(0, room).lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      this.#kept.push(bytes.subarray(0, end));
      this.#keptBytes += end;
    }
    const lost = countLines(bytes.subarray(end));
    this.#lost += lost;
    this.#lostAndUntold += lost;
  }

  #schedule(): NodeJS.Timeout {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    return setTimeout(() => {
      this.#retry = undefined;
      this.flush();
    }, pauseMs).unref();
  }

  /** @returns whether nothing is kept any more */
  #writeKept(): boolean {
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      const taken = this.#attempt(first);
      this.#keptBytes -= taken;
      if (taken > 0) this.#pauseMs = MIN_PAUSE_MS;
      if (taken < first.length) {
        this.#kept[0] = first.subarray(taken);
        return false;
      }
      this.#kept.shift();
    }
    const lost = this.#lostAndUntold;
    this.#lostAndUntold = 0;
    if (lost > 0) this.onRecovery(lost);
    return true;
  }

  /** @returns how many bytes the system has taken */
  #attempt(bytes: Buffer): number {
    let taken = 0;
    try {
      while (taken < bytes.length) {
        const end = this.#isShared ? endOfPiece(bytes, taken) : bytes.length;
        const now = this.#writeBytes(bytes.subarray(taken, end));
        if (now === 0) break;
        taken += now;
      }
    } catch {
      // It would have to wait, the disk is full, the reader is gone: all of that may pass, and is tried again.
    }
    return taken;
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === NEWLINE) lines += 1;
  return lines;
}
