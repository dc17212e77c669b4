import { currentState, type Fingerprint } from './fingerprint.js';

/**
 * Looks at files once in an interval, and calls back when one of them has changed and then stayed the same for an interval, so
 * that nobody reads a file half-written.
 *
 * It polls: an edit in place, a file renamed into place, a symbolic link that is swapped above it (Kubernetes ConfigMaps) and
 * changes on network and bind mounts are all seen, which no notification of the system does everywhere.
 */
export class FileWatcher {
  readonly #onChange: () => void;
  readonly #intervalMs: number;
  #files: readonly Fingerprint[] = [];
  /** The files' states as they were last acted upon. */
  #known = '';
  /** States that have yet to settle. */
  #unsettled: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(onChange: () => void, intervalMs: number) {
    this.#onChange = onChange;
    this.#intervalMs = intervalMs;
  }

  /**
   * Watches these files from now on, and no others. Files that do not exist are waited for.
   *
   * @param files as they were before they were read: what changed since then is a change
   */
  watch(files: readonly Fingerprint[]): void {
    this.#files = files;
    this.#known = files.map(({ state }) => state).join('|');
    this.#unsettled = undefined;
    this.#timer ??= this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): NodeJS.Timeout {
    return setTimeout(() => void this.#look(), this.#intervalMs).unref();
  }

  async #look(): Promise<void> {
    const files = this.#files;
    const now = (await Promise.all(files.map(currentState))).join('|');
    if (this.#closed) return;
    // Otherwise other files are watched since.
    if (files === this.#files) this.#judge(now);
    this.#timer = this.#schedule();
  }

  #judge(now: string): void {
    if (now === this.#known) this.#unsettled = undefined;
    else if (now !== this.#unsettled) this.#unsettled = now;
    else {
      this.#known = now;
      this.#unsettled = undefined;
      this.#onChange();
    }
  }
}
