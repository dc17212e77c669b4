import type { FileHandle } from 'node:fs/promises';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 65_536;
/** The longest client id and topic, every byte escaped, fit into less. */
const MAX_LINE_BYTES = 1_048_576;

/**
 * Reads a file's lines, last first, in chunks. Leaves out empty lines, and what follows the last newline: a line that is
 * still being written.
 *
 * @param size where to begin; lines appended meanwhile are not read
 * @returns the lines; undefined in place of one that is too long to be a record
 */
export async function* linesBackwards(handle: FileHandle, size: number): AsyncGenerator<string | undefined> {
  const line = new LineTail();
  let isComplete = false;
  for (let end = size; end > 0;) {
    const length = Math.min(CHUNK_BYTES, end);
    end -= length;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, end);
    // Somebody truncated the file meanwhile.
    if (bytesRead < length) return;
    let rest = buffer;
    for (let at = rest.lastIndexOf(NEWLINE); at >= 0; at = rest.lastIndexOf(NEWLINE)) {
      line.prepend(rest.subarray(at + 1));
      if (isComplete && !line.isEmpty) yield line.text;
      line.clear();
      isComplete = true;
      rest = rest.subarray(0, at);
    }
    line.prepend(rest);
  }
  if (isComplete && !line.isEmpty) yield line.text;
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
