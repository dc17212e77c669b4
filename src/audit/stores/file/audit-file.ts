import { stat } from 'node:fs/promises';
import { identityOf, openTarget, type Lines, type WriteTarget } from './write-target.js';

/**
 * An append-only file of lines. One caller at a time.
 *
 * A file that was moved away, for example by logrotate, is noticed before each write, and the next line begins a new one;
 * the lines before stay where they are. What a crash or a full disk left unfinished at the end of the file is closed with
 * a newline, so that it spoils no other line.
 *
 * It may also be a pipe or a terminal, such as `/dev/stdout`.
 */
export class AuditFile {
  readonly #path: string;
  readonly #sync: boolean;
  #target: WriteTarget | undefined;
  #isClosed = false;

  /** @param sync flush to the disk, too */
  constructor(path: string, sync: boolean) {
    this.#path = path;
    this.#sync = sync;
  }

  /** Opens the file afresh. @throws the system's error */
  async reopen(): Promise<void> {
    await this.#release();
    this.#target = await openTarget(this.#path, this.#sync);
  }

  /**
   * Appends lines.
   *
   * @param lines each with its newline; one text may be many lines
   * @throws the system's error when they could not be written; some may be in the file nonetheless
   */
  async write(lines: readonly Lines[]): Promise<void> {
    try {
      if (this.#target !== undefined && !(await this.#isInPlace(this.#target))) await this.#release();
      this.#target ??= await openTarget(this.#path, this.#sync);
      await this.#target.write(lines, () => this.#isClosed);
    } catch (error) {
      // Opened afresh by the next write, which looks at what this one left behind.
      await this.#release().catch(() => undefined);
      throw error;
    }
  }

  /** Ends a write that waits for a reader. */
  giveUp(): void {
    this.#isClosed = true;
  }

  /** Closes the file; a later write opens it again. */
  async close(): Promise<void> {
    await this.#release();
  }

  async #isInPlace({ identity }: WriteTarget): Promise<boolean> {
    try {
      return identityOf(await stat(this.#path, { bigint: true })) === identity;
    } catch {
      return false;
    }
  }

  async #release(): Promise<void> {
    const target = this.#target;
    this.#target = undefined;
    await target?.close();
  }
}
