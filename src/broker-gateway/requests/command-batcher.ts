/** A command that waits to be sent. */
export interface Sendable {
  /** The command as JSON. */
  readonly encoded: string;
}

/** How much travels in one message, and how many messages at once. */
export interface BatchLimits {
  readonly maxCommands: number;
  /** Of the encoded commands together; a single larger command travels alone. */
  readonly maxCharacters: number;
}

/**
 * Collects the commands of one tick of the event loop and hands them over as batches, first in, first out.
 *
 * While the connection takes no more messages, commands stay here, where they can still be dropped, until `flush` is
 * called again.
 */
export class CommandBatcher<T extends Sendable> {
  readonly #limits: BatchLimits;
  readonly #isWanted: (command: T) => boolean;
  readonly #canSend: () => boolean;
  readonly #send: (batch: readonly T[]) => void;
  #waiting: T[] = [];
  /** Where the queue begins in `#waiting`. */
  #head = 0;
  #scheduled: NodeJS.Immediate | undefined;

  /**
   * @param isWanted whether a waiting command is still to be sent; others are dropped
   * @param canSend whether the connection takes a message now
   * @param send takes a batch of at least one command
   */
  constructor(
    limits: BatchLimits,
    isWanted: (command: T) => boolean,
    canSend: () => boolean,
    send: (batch: readonly T[]) => void,
  ) {
    this.#limits = limits;
    this.#isWanted = isWanted;
    this.#canSend = canSend;
    this.#send = send;
  }

  /** Takes a command; it is sent, with the others of this tick, before the event loop waits again. */
  add(command: T): void {
    this.#waiting.push(command);
    this.#scheduled ??= setImmediate(this.flush);
  }

  /** Sends as many batches as the connection takes now. */
  readonly flush = (): void => {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    while (this.#canSend()) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      this.#send(batch);
    }
  };

  /** Lets go of the oldest commands that are no longer wanted; the youngest cannot expire before them. */
  dropUnwanted(): void {
    let oldest = this.#waiting[this.#head];
    while (oldest !== undefined && !this.#isWanted(oldest)) oldest = this.#waiting[++this.#head];
    this.#compact();
  }

  /** Forgets everything that waits. */
  clear(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    this.#waiting = [];
    this.#head = 0;
  }

  /** Takes the next batch out of the queue; empty when nothing waits. */
  #nextBatch(): T[] {
    const batch: T[] = [];
    let characters = 0;
    let next = this.#waiting[this.#head];
    while (next !== undefined && batch.length < this.#limits.maxCommands) {
      if (this.#isWanted(next)) {
        characters += next.encoded.length + 1;
        if (batch.length > 0 && characters > this.#limits.maxCharacters) break;
        batch.push(next);
      }
      next = this.#waiting[++this.#head];
    }
    this.#compact();
    return batch;
  }

  /** Gives back the memory of what left the queue, at a cost that is constant per command. */
  #compact(): void {
    if (this.#head * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#head);
    this.#head = 0;
  }
}
