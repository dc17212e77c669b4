/** Bounds of a {@link GroupCommit}. */
export interface GroupCommitOptions {
  /** Items in one commit, at most. */
  readonly maxBatch: number;
  /** Items that wait, at most; more are refused. */
  readonly maxWaiting: number;
  /** How long a commit may take. */
  readonly deadlineMs: number;
}

/** Why something was not committed, besides what the commit itself throws. */
export class NotCommittedError extends Error {
  override readonly name = 'NotCommittedError';

  constructor(
    readonly code: 'STALLED' | 'OVERFLOW' | 'CLOSED',
    message: string,
  ) {
    super(message);
  }
}

interface Entry<T> {
  readonly items: readonly T[];
  readonly size: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Commits what many writers add, in order, one commit at a time: what is added while one is under way goes out together
 * in the next.
 *
 * Guarantees: an addition resolves when its items are committed, and rejects with the commit's error when they are not. Nobody
 * waits longer than two deadlines: when a commit takes longer than one, all who wait are refused with `STALLED`, their
 * items dropped, and so is at once whoever comes before it ends. Memory is bounded. Of what was refused as `STALLED`, the
 * commit under way may have been done nonetheless.
 */
export class GroupCommit<T> {
  readonly #commit: (items: readonly T[]) => Promise<void>;
  readonly #options: GroupCommitOptions;
  #queue: Entry<T>[] = [];
  #underWay: Entry<T>[] = [];
  #waiting = 0;
  #isRunning = false;
  #isStalled = false;

  constructor(commit: (items: readonly T[]) => Promise<void>, options: GroupCommitOptions) {
    this.#commit = commit;
    this.#options = options;
  }

  /** Items that are added and not committed yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a commit takes longer than the deadline. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /**
   * Adds items to commit together; none means: resolve after a commit of what was added before.
   *
   * @param size how many they count as
   */
  add(items: readonly T[], size = items.length): Promise<void> {
    if (this.#isStalled) return Promise.reject(stalled());
    if (this.#waiting > 0 && this.#waiting + size > this.#options.maxWaiting) {
      return Promise.reject(new NotCommittedError('OVERFLOW', 'too much is waiting to be written'));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ items, size, resolve, reject });
      this.#waiting += size;
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#queue.length > 0) {
      this.#underWay = this.#next();
      const timer = setTimeout(() => this.#stall(), this.#options.deadlineMs);
      try {
        const [first, ...more] = this.#underWay.map(({ items }) => items);
        await this.#commit(first === undefined || more.length > 0 ? [first ?? [], ...more].flat() : first);
        this.#settle(this.#underWay, ({ resolve }) => resolve());
      } catch (error) {
        this.#settle(this.#underWay, ({ reject }) => reject(error));
      }
      clearTimeout(timer);
      this.#isStalled = false;
    }
    this.#isRunning = false;
  }

  /** At least one entry, however large. */
  #next(): Entry<T>[] {
    let total = 0;
    const end = this.#queue.findIndex(({ size }, index) => {
      total += size;
      return index > 0 && total > this.#options.maxBatch;
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }

  #stall(): void {
    this.#isStalled = true;
    this.#settle(this.#underWay, ({ reject }) => reject(stalled()));
    this.#underWay = [];
    this.#settle(this.#queue.splice(0), ({ reject }) => reject(stalled()));
  }

  #settle(entries: readonly Entry<T>[], how: (entry: Entry<T>) => void): void {
    for (const entry of entries) {
      this.#waiting -= entry.size;
      how(entry);
    }
  }
}

function stalled(): NotCommittedError {
  return new NotCommittedError('STALLED', 'writing takes too long');
}
