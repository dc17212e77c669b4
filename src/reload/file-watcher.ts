import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { systemErrorCode } from '../errors/system-error-code.js';

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
  #paths: readonly string[] = [];
  /** Fingerprint of the files as they were last acted upon. */
  #known = '';
  /** Fingerprint of a change that has yet to settle. */
  #unsettled: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(onChange: () => void, intervalMs: number) {
    this.#onChange = onChange;
    this.#intervalMs = intervalMs;
  }

  /** Watches these files from now on, and no others. Files that do not exist are waited for. */
  watch(paths: readonly string[]): void {
    this.#paths = paths;
    this.#known = paths.map(fingerprintSync).join('|');
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
    const paths = this.#paths;
    const now = (await Promise.all(paths.map(fingerprint))).join('|');
    if (this.#closed) return;
    // Otherwise other files are watched since.
    if (paths === this.#paths) this.#judge(now);
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

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

async function fingerprint(path: string): Promise<string> {
  try {
    return describe(await stat(path, { bigint: true }));
  } catch (error) {
    return systemErrorCode(error) ?? 'unreadable';
  }
}

function fingerprintSync(path: string): string {
  try {
    return describe(statSync(path, { bigint: true }));
  } catch (error) {
    return systemErrorCode(error) ?? 'unreadable';
  }
}

function describe({ dev, ino, size, mtimeNs }: Identity): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}
