import type { BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

interface Entry {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const NEWLINE = 0x0a;
/** Not for everybody: the trail tells who does what. */
const MODE = 0o640;

/**
 * An append-only file of lines that many writers share.
 *
 * Guarantees: a line counts as written only when the operating system has taken it, and with `sync` the disk. Lines that come
 * while a write is under way go out together in the next one, in order (group commit). A file that was moved away,
 * for example by logrotate, is noticed before each write, and the next line begins a new one; the lines before stay where
 * they are. What a crash or a full disk left unfinished at the end of the file is closed with a newline, so that it
 * spoils no other line.
 */
export class AuditFile {
  readonly #queue: Entry[] = [];
  #handle: FileHandle | undefined;
  /** Device and number of the open file. */
  #identity = '';
  #isTorn = false;
  #mustReopen = false;
  #isClosed = false;
  #isRunning = false;

  /** @param sync flush to the disk, too */
  constructor(
    readonly path: string,
    readonly sync: boolean,
  ) {}

  /** Appends a line. Rejects with the system's error when it could not be written; it may be in the file nonetheless. */
  append(line: string): Promise<void> {
    return this.#enqueue(`${line}\n`);
  }

  /** Opens the file at the path afresh; lines that are under way go to the old one. */
  reopen(): Promise<void> {
    this.#mustReopen = true;
    return this.#enqueue('');
  }

  /** Writes what is left and closes the file. A line that comes later is written all the same. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#enqueue('');
  }

  #enqueue(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#queue.length > 0) await this.#commit(this.#queue.splice(0));
    this.#isRunning = false;
  }

  async #commit(batch: readonly Entry[]): Promise<void> {
    try {
      const handle = await this.#currentHandle();
      const text = batch.map((entry) => entry.text).join('');
      if (text !== '') {
        await handle.appendFile(this.#isTorn ? `\n${text}` : text);
        this.#isTorn = false;
        if (this.sync) await handle.datasync();
      }
      if (this.#isClosed) await this.#closeHandle();
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // Opened afresh by the next write, which looks at what this one left behind.
      await this.#closeHandle().catch(() => undefined);
      for (const { reject } of batch) reject(error);
    }
  }

  async #currentHandle(): Promise<FileHandle> {
    const mustReopen = this.#mustReopen;
    this.#mustReopen = false;
    if (this.#handle !== undefined && (mustReopen || !(await this.#isInPlace()))) {
      await this.#closeHandle();
    }
    this.#handle ??= await this.#open();
    return this.#handle;
  }

  async #isInPlace(): Promise<boolean> {
    try {
      return identityOf(await stat(this.path, { bigint: true })) === this.#identity;
    } catch {
      return false;
    }
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.path, 'a+', MODE);
    try {
      const stats = await handle.stat({ bigint: true });
      const size = Number(stats.size);
      const last = size > 0 ? await handle.read(Buffer.alloc(1), 0, 1, size - 1) : undefined;
      this.#isTorn = last?.bytesRead === 1 && last.buffer[0] !== NEWLINE;
      // A new file is safe when its folder knows it.
      if (this.sync && size === 0) await syncFolder(dirname(this.path));
      this.#identity = identityOf(stats);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
