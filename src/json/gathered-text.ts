const CHUNK_BYTES = 65_536;
/** Of a UTF-16 unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Gathers many short texts as UTF-8, outside of V8's heap: texts that wait to be written would be copied by its garbage
 * collector again and again, which costs more than all else that is done with them.
 */
export class GatheredText {
  #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #used = 0;
  #bytes = 0;

  /** What has been gathered, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  add(text: string): void {
    const most = text.length * MAX_BYTES_PER_UNIT;
    if (most > CHUNK_BYTES - this.#used) this.#begin(most);
    const written = this.#chunk.write(text, this.#used);
    this.#used += written;
    this.#bytes += written;
  }

  /** Hands over what has been gathered, and begins anew. */
  take(): Buffer {
    const last = this.#chunk.subarray(0, this.#used);
    const [first] = this.#full;
    const taken = first === undefined ? last : Buffer.concat([...this.#full, last]);
    this.#full = [];
    this.#bytes = 0;
    // A copy of a little is cheaper than a new chunk.
    if (first === undefined && this.#used < CHUNK_BYTES / 8) {
      this.#used = 0;
      return Buffer.from(taken);
    }
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#used = 0;
    return taken;
  }

  #begin(bytes: number): void {
    if (this.#used > 0) this.#full.push(this.#chunk.subarray(0, this.#used));
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes));
    this.#used = 0;
  }
}
