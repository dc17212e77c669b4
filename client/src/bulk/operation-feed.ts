import type { Operation } from './operation.js';

/** Operations that may be handed over and not ended: enough for a service to be busy, few enough to stop soon. */
const WINDOW = 2000;
/** Operations that are written together. */
const PIECE = 100;
/** The service takes a caller that sends nothing for two minutes for gone: an empty line says that we are there. */
const HEARTBEAT_MS = 30_000;

/**
 * Hands operations over, one after the other, no more of them than end: what has not been handed over can still be stopped,
 * and what has is known by its place.
 */
export class OperationFeed {
  readonly #source: Iterator<Operation> | AsyncIterator<Operation>;
  readonly #window: number;
  readonly #open = new Map<number, Operation>();
  #next = 0;
  #isStopped = false;
  #isExhausted = false;
  #failure: unknown;
  /** Asked of the source, and not there yet. */
  #pending: IteratorResult<Operation> | Promise<IteratorResult<Operation>> | undefined;
  #goOn: (() => void) | undefined;
  /** Taken from the source, and not handed over because of a stop. */
  #held: Operation[] = [];

  /** @param perSecond how fast the service goes through them */
  constructor(work: Iterable<Operation> | AsyncIterable<Operation>, perSecond: number | undefined) {
    this.#source = Symbol.asyncIterator in work ? work[Symbol.asyncIterator]() : work[Symbol.iterator]();
    this.#window = Math.max(1, Math.min(WINDOW, perSecond ?? WINDOW));
  }

  /** What the source threw, if it did. */
  get failure(): unknown {
    return this.#failure;
  }

  /** What was handed over and has not ended. */
  get open(): readonly Operation[] {
    return [...this.#open.values()];
  }

  /** A request begins, whose items the service counts from 0. @returns the place of its first */
  beginRequest(): number {
    const [first] = this.#open.keys();
    return first ?? this.#next;
  }

  /** An operation has ended. @returns which; undefined where none was handed over in this place, or it had ended before */
  settle(index: number): Operation | undefined {
    const operation = this.#open.get(index);
    this.#open.delete(index);
    this.#wake();
    return operation;
  }

  /** Hands nothing more over. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** The next ones to hand over, when there is room, and no later than they are there; none at the end. */
  async take(most: number): Promise<readonly Operation[]> {
    while (!this.#isStopped && this.#open.size >= this.#window) await this.#change();
    const taken: Operation[] = [];
    let patience: Promise<undefined> | undefined;
    const room = Math.min(most, this.#window - this.#open.size);
    while (taken.length < room && !this.#isStopped && !this.#isExhausted) {
      if (taken.length > 0) patience ??= nextTurn();
      const result = await this.#read(patience);
      if (result === undefined) {
        // An input that has nothing yet must not hold up what is there, nor a stop.
        if (taken.length > 0) break;
      } else if (result.done === true) this.#isExhausted = true;
      else taken.push(result.value);
    }
    if (this.#isStopped) {
      this.#held.push(...taken);
      return [];
    }
    for (const operation of taken) this.#open.set(this.#next++, operation);
    return taken;
  }

  /** The next of the source; undefined when it is not there yet, and one has something already, or is stopped. */
  async #read(patience: Promise<undefined> | undefined): Promise<IteratorResult<Operation> | undefined> {
    try {
      this.#pending ??= this.#source.next();
      const pending = this.#pending;
      const result =
        pending instanceof Promise ? await Promise.race([pending, patience ?? this.#change()]) : pending;
      if (result !== undefined) this.#pending = undefined;
      return result;
    } catch (error) {
      this.#failure = error;
      this.#isExhausted = true;
      throw error;
    }
  }

  /** All of them as a body of lines. */
  toStream(): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    return new ReadableStream({
      pull: async (controller) => {
        const heartbeat = setInterval(() => controller.enqueue(encoder.encode('\n')), HEARTBEAT_MS);
        try {
          const operations = await this.take(PIECE);
          if (operations.length === 0) controller.close();
          else controller.enqueue(encoder.encode(toLines(operations)));
        } finally {
          clearInterval(heartbeat);
        }
      },
      // Nobody reads any more: what would be handed over now, or a heartbeat, would reach nobody.
      cancel: () => this.stop(),
    });
  }

  /** What was never handed over. */
  async *rest(): AsyncGenerator<Operation, void> {
    this.stop();
    yield* this.#held.splice(0);
    while (!this.#isExhausted) {
      const result = await (this.#pending ?? this.#source.next());
      this.#pending = undefined;
      if (result.done === true) this.#isExhausted = true;
      else yield result.value;
    }
  }

  /** Something has ended, or there was a stop. */
  #change(): Promise<undefined> {
    return new Promise((resolve) => (this.#goOn = () => resolve(undefined)));
  }

  #wake(): void {
    this.#goOn?.();
    this.#goOn = undefined;
  }
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), 0));
}

/** As a body of lines. */
export function toLines(operations: readonly Operation[]): string {
  return operations.map((operation) => `${JSON.stringify(operation)}\n`).join('');
}
