/** Takes text, and has written it when `write` returns. */
export interface Destination {
  write(text: string): unknown;
}

/**
 * Gathers the lines of one turn of the event loop into one write, as every write is a system call that all requests
 * wait for. Lines keep their order. Call `flush` when the process exits: then nothing is lost unless it is killed, and
 * then no more than one turn's lines.
 */
export class LineBuffer implements Destination {
  readonly #destination: Destination;
  #lines = '';

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  write(line: string): void {
    if (this.#lines === '') setImmediate(this.flush);
    this.#lines += line;
  }

  /** Writes what has gathered; does nothing when that is nothing. */
  readonly flush = (): void => {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.#destination.write(lines);
  };
}
