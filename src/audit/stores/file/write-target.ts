import { constants, fdatasync, fstatSync, write, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemErrorCode } from '../../../errors/system-error-code.js';
import { endOfPiece } from '../../../logging/line-pieces.js';

const NEWLINE = 0x0a;
/** Not for everybody: the trail tells who does what. */
const MODE = 0o640;
/** How soon to try again when a pipe is full. */
const FULL_PIPE_RETRY_MS = 20;
const STANDARD_OUTPUT = 1;
/** How file systems say that a folder cannot be flushed, or not by us. */
const NO_FOLDER_SYNC: readonly (string | undefined)[] = ['EINVAL', 'ENOTSUP', 'ENOSYS', 'EACCES', 'EPERM'];

const writeTo = promisify(write);
const flush = promisify(fdatasync);

/** Text with its line breaks, decoded or encoded; may be many lines. */
export type Lines = string | Buffer;

/** Something open that lines are written to: a file, a pipe or another device, or standard output. */
export interface WriteTarget {
  /** Device and number. */
  readonly identity: string;
  /** @param isGivenUp asked while a reader is waited for: whether to stop waiting */
  write(lines: readonly Lines[], isGivenUp: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens what is at a path, or a new file. Pipes and terminals are never waited for in the kernel, where a reader that stands
 * still would keep one of the process's few threads, and the process from ending.
 *
 * @param sync flush to the disk, too
 * @throws the system's error
 */
export async function openTarget(path: string, sync: boolean): Promise<WriteTarget> {
  const there = await stat(path, { bigint: true }).catch(() => undefined);
  const isFile = there === undefined || there.isFile();
  if (there !== undefined && (isFile || there.isSocket()) && isStandardOutput(there)) {
    return new StandardOutput(identityOf(there), isFile, sync);
  }
  if (isFile) return openFile(path, sync);
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  return new Pipe(handle, identityOf(there));
}

async function openFile(path: string, sync: boolean): Promise<WriteTarget> {
  const handle = await open(path, 'a+', MODE);
  try {
    const stats = await handle.stat({ bigint: true });
    const size = Number(stats.size);
    const last = size > 0 ? await handle.read(Buffer.alloc(1), 0, 1, size - 1) : undefined;
    // A new file is safe when its folder knows it.
    if (sync && size === 0) await syncFolder(dirname(path));
    return new RegularFile(
      handle,
      identityOf(stats),
      sync,
      last?.bytesRead === 1 && last.buffer[0] !== NEWLINE,
    );
  } catch (error) {
    await handle.close();
    throw error;
  }
}

class RegularFile implements WriteTarget {
  readonly #handle: FileHandle;
  readonly #sync: boolean;
  #isTorn: boolean;

  constructor(
    handle: FileHandle,
    readonly identity: string,
    sync: boolean,
    isTorn: boolean,
  ) {
    this.#handle = handle;
    this.#sync = sync;
    this.#isTorn = isTorn;
  }

  async write(lines: readonly Lines[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#handle.appendFile(bytesOf(this.#isTorn ? ['\n', ...lines] : lines));
    this.#isTorn = false;
    if (this.#sync) await this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** A pipe, a terminal or another device. */
class Pipe implements WriteTarget {
  readonly #handle: FileHandle;

  constructor(
    handle: FileHandle,
    readonly identity: string,
  ) {
    this.#handle = handle;
  }

  async write(lines: readonly Lines[], isGivenUp: () => boolean): Promise<void> {
    const write = async (bytes: Buffer): Promise<number> => (await this.#handle.write(bytes)).bytesWritten;
    await writePieces(write, bytesOf(lines), isGivenUp);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/**
 * Standard output where it is a file or a socket (systemd's journal). A file opened a second time would have a second
 * position, and what is written there would overwrite the log; a socket cannot be opened by its name at all.
 */
class StandardOutput implements WriteTarget {
  readonly #isFile: boolean;
  readonly #sync: boolean;

  constructor(
    readonly identity: string,
    isFile: boolean,
    sync: boolean,
  ) {
    this.#isFile = isFile;
    this.#sync = sync && isFile;
  }

  async write(lines: readonly Lines[], isGivenUp: () => boolean): Promise<void> {
    const write = async (bytes: Buffer): Promise<number> =>
      (await writeTo(STANDARD_OUTPUT, bytes)).bytesWritten;
    await writePieces(write, bytesOf(lines), isGivenUp, !this.#isFile);
    if (this.#sync) await flush(STANDARD_OUTPUT);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** In one piece. */
function bytesOf(lines: readonly Lines[]): Buffer {
  const texts = lines.every((each) => typeof each === 'string');
  if (texts) return Buffer.from(lines.join(''));
  const parts = lines.map((each) => (typeof each === 'string' ? Buffer.from(each) : each));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

/** Writes lines, where others write, too, in pieces that these do not come into; waits in between while whoever reads them does not. */
async function writePieces(
  write: (bytes: Buffer) => Promise<number>,
  bytes: Buffer,
  isGivenUp: () => boolean,
  isShared = true,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    try {
      const end = isShared ? endOfPiece(bytes, written) : bytes.length;
      written += await write(bytes.subarray(written, end));
    } catch (error) {
      if (systemErrorCode(error) !== 'EAGAIN' || isGivenUp()) throw error;
      await delay(FULL_PIPE_RETRY_MS);
    }
  }
}

function isStandardOutput(stats: BigIntStats): boolean {
  try {
    return identityOf(fstatSync(STANDARD_OUTPUT, { bigint: true })) === identityOf(stats);
  } catch {
    return false;
  }
}

async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    if (!NO_FOLDER_SYNC.includes(systemErrorCode(error))) throw error;
  }
}

/** What tells a file from another that was put in its place. */
export function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}
