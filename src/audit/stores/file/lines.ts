import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { TrailFile } from './trail-files.js';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 65_536;
/** The longest line that earlier versions wrote, every byte of a client id and a topic escaped, fits into less. */
const MAX_LINE_BYTES = 1_048_576;

/** A line of a file, without its newline. */
export interface Line {
  /** Where it begins: bytes from the beginning of the file, or of what is compressed in it. */
  readonly offset: number;
  /** Undefined for a line that is too long to be a record. */
  readonly text: string | undefined;
}

/**
 * Reads a file's lines, last first, in chunks. Leaves out empty lines, and what follows the last newline: a line that is
 * still being written.
 *
 * @param end where to begin: the size of the file, or where a line begins that is not to be read
 */
export async function* linesBackwards(handle: FileHandle, end: number): AsyncGenerator<Line> {
  const line = new LineTail();
  let isComplete = false;
  for (let at = end; at > 0;) {
    const length = Math.min(CHUNK_BYTES, at);
    at -= length;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
    // Somebody truncated the file meanwhile.
    if (bytesRead < length) return;
    let rest = buffer;
    for (let newline = rest.lastIndexOf(NEWLINE); newline >= 0; newline = rest.lastIndexOf(NEWLINE)) {
      line.prepend(rest.subarray(newline + 1));
      if (isComplete && !line.isEmpty) yield { offset: at + newline + 1, text: line.text };
      line.clear();
      isComplete = true;
      rest = rest.subarray(0, newline);
    }
    line.prepend(rest);
  }
  if (isComplete && !line.isEmpty) yield { offset: 0, text: line.text };
}

/** The end of a line whose beginning is not read yet. */
class LineTail {
  #parts: Buffer[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Undefined if it is too long. */
  get text(): string | undefined {
    return this.#bytes > MAX_LINE_BYTES ? undefined : Buffer.concat(this.#parts).toString('utf8');
  }

  prepend(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > MAX_LINE_BYTES) this.#parts = [];
    else if (part.length > 0) this.#parts.unshift(part);
  }

  clear(): void {
    this.#parts = [];
    this.#bytes = 0;
  }
}

/**
 * Reads the lines of a gzipped file, first to last. Leaves out empty lines.
 *
 * @throws the error of zlib for a damaged file
 */
export async function* gunzippedLines({ handle }: TrailFile): AsyncGenerator<Line> {
  // Not the handle's own stream, which closes the handle when it ends.
  const source = Readable.from(chunksOf(handle));
  const unzipped = createGunzip({ chunkSize: CHUNK_BYTES });
  source.on('error', (error) => unzipped.destroy(error));
  source.pipe(unzipped);
  let parts: Buffer[] = [];
  let bytes = 0;
  let offset = 0;
  try {
    for await (const chunk of unzipped as AsyncIterable<Buffer>) {
      let rest = chunk;
      for (let newline = rest.indexOf(NEWLINE); newline >= 0; newline = rest.indexOf(NEWLINE)) {
        const size = bytes + newline;
        if (size > 0) {
          const isTooLong = size > MAX_LINE_BYTES;
          const text = isTooLong
            ? undefined
            : Buffer.concat([...parts, rest.subarray(0, newline)]).toString();
          yield { offset, text };
        }
        offset += size + 1;
        parts = [];
        bytes = 0;
        rest = rest.subarray(newline + 1);
      }
      bytes += rest.length;
      if (bytes > MAX_LINE_BYTES) parts = [];
      else if (rest.length > 0) parts.push(rest);
    }
  } finally {
    source.destroy();
    unzipped.destroy();
  }
}

async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
