/** How long work may keep others waiting, milliseconds. */
const TURN_MS = 4;

/** Those who wait for their turn: one of them goes on in each round of the event loop, however many there are. */
const waiting: (() => void)[] = [];

function release(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(release);
}

/**
 * The share of the event loop that long work takes at a time. Ask `isOver` often (it costs less than 100 ns), and wait
 * for `next` when it is; work that many may cause at once waits for `next` before it begins, too.
 */
export class Turn {
  #start = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#start >= TURN_MS;
  }

  /** Lets others have their turn: all that the network brings, and all other long work. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (waiting.length === 0) setImmediate(release);
      waiting.push(() => {
        this.#start = performance.now();
        resolve();
      });
    });
  }
}
