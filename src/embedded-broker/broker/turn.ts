import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long work may keep others waiting, milliseconds. */
const TURN_MS = 4;

/**
 * The share of the event loop that long work takes at a time. Ask `isOver` often (it costs less than 100 ns), and wait
 * for `next` when it is.
 */
export class Turn {
  #start = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#start >= TURN_MS;
  }

  /** Lets others have their turn. */
  async next(): Promise<void> {
    await nextTurn();
    this.#start = performance.now();
  }
}
