/** Records that calls may have on their way to the store: a fraction of what any store lets wait, the rest is for single requests. */
const MAX_UNDER_WAY = 4000;

interface Waiting {
  readonly count: number;
  readonly begin: () => void;
}

/**
 * What all calls with many items may have on its way to the store, together. The store refuses what it has no room for, and
 * that would be lost; so calls wait here instead, their batches in order, and send no more meanwhile.
 *
 * Memory is bounded when the calls heed {@link hasRoom}.
 */
export class WriteBudget {
  #underWay = 0;
  readonly #waiting: Waiting[] = [];
  #isSpent = false;
  #onRoom: (() => void)[] = [];

  /** Whether calls may send more; if not, they wait for {@link room}. Asked for every item. */
  get hasRoom(): boolean {
    return !this.#isSpent;
  }

  /** Resolves when half of the budget is free again; it does, as no write takes for ever. */
  room(): Promise<void> {
    return this.#isSpent ? new Promise((resolve) => this.#onRoom.push(resolve)) : Promise.resolve();
  }

  /** Writes so many records when it is their turn. One batch goes at any time, however large. */
  async spend<T>(count: number, write: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(count)) {
      this.#isSpent = true;
      await new Promise<void>((resolve) => this.#waiting.push({ count, begin: resolve }));
    } else this.#underWay += count;
    try {
      return await write();
    } finally {
      this.#underWay -= count;
      this.#goOn();
    }
  }

  #fits(count: number): boolean {
    return this.#underWay === 0 || this.#underWay + count <= MAX_UNDER_WAY;
  }

  #goOn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.count); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#underWay += next.count;
      next.begin();
    }
    if (this.#waiting.length > 0 || this.#underWay > MAX_UNDER_WAY / 2) return;
    this.#isSpent = false;
    for (const goOn of this.#onRoom.splice(0)) goOn();
  }
}
