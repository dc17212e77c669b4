import { ConfigError } from '../../../config/config-error.js';
import { systemErrorCode } from '../../../errors/system-error-code.js';
import type { AuditRecord } from '../../audit-record.js';
import { GroupCommit } from '../../group-commit.js';
import type { AuditPage, AuditQuery, AuditStore } from '../audit-store.js';
import { AuditFile } from './audit-file.js';
import { readFiles } from './read-files.js';

/** Lines in one write, some 2 MB. */
const MAX_BATCH = 5000;
/** Lines that wait, some 10 MB. */
const MAX_WAITING = 25_000;
/** How long a disk may take. */
const DEADLINE_MS = 5000;

/**
 * Keeps the trail in a file, one JSON line per record.
 *
 * A record counts as kept only when the operating system has taken it, and with `sync` the disk. Records that come
 * while a write is under way go out together in the next one, in order (group commit).
 */
export class FileStore implements AuditStore {
  readonly kind = 'file';
  readonly #path: string;
  readonly #file: AuditFile;
  readonly #commits: GroupCommit<string | Buffer>;
  #mustReopen = false;
  #isUp = true;

  /** @param sync flush each write to the disk */
  constructor(path: string, sync: boolean) {
    this.#path = path;
    this.#file = new AuditFile(path, sync);
    this.#commits = new GroupCommit((lines) => this.#write(lines), {
      maxBatch: MAX_BATCH,
      maxWaiting: MAX_WAITING,
      deadlineMs: DEADLINE_MS,
    });
  }

  get isUp(): boolean {
    return this.#isUp && !this.#commits.isStalled;
  }

  get waiting(): number {
    return this.#commits.waiting;
  }

  async open(): Promise<void> {
    try {
      await this.reopen();
    } catch (error) {
      const code = systemErrorCode(error) ?? String(error);
      const message = `names a file that cannot be opened for appending (${code})`;
      throw new ConfigError('the audit trail', [{ path: 'audit.file', message }]);
    }
  }

  append(records: readonly AuditRecord[]): Promise<void> {
    return this.#commits.add(records.map((record) => `${JSON.stringify(record)}\n`));
  }

  appendLines(lines: Buffer, count: number): Promise<void> {
    return this.#commits.add([lines], count);
  }

  read(query: AuditQuery, isWanted: () => boolean): Promise<AuditPage> {
    return readFiles(this.#path, query, isWanted);
  }

  reopen(): Promise<void> {
    this.#mustReopen = true;
    return this.#commits.add([]);
  }

  async close(): Promise<void> {
    try {
      await this.#commits.add([]);
    } finally {
      this.#file.giveUp();
      if (!this.#commits.isStalled) await this.#file.close();
    }
  }

  async #write(lines: readonly (string | Buffer)[]): Promise<void> {
    try {
      if (this.#mustReopen) await this.#file.reopen();
      this.#mustReopen = false;
      if (lines.length > 0) await this.#file.write(lines);
      this.#isUp = true;
    } catch (error) {
      this.#isUp = false;
      throw error;
    }
  }
}
