import { EXIT } from '../exit-code.js';

/**
 * Ctrl-C, and being told to end: the first time, what goes on is stopped gently; the second time at once; the third time the
 * process ends.
 */
export class Interruption {
  readonly #gentle = new AbortController();
  readonly #hard = new AbortController();

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.interrupt());
  }

  /** Aborted the first time. */
  get gentle(): AbortSignal {
    return this.#gentle.signal;
  }

  /** Aborted the second time. */
  get hard(): AbortSignal {
    return this.#hard.signal;
  }

  interrupt(): void {
    if (this.#hard.signal.aborted) process.exit(EXIT.outcomeUnknown);
    if (this.#gentle.signal.aborted) this.#hard.abort();
    else this.#gentle.abort();
  }
}
