/** Between two tries, milliseconds. */
const PAUSE_MS = 500;
/** Keys that wait at once; beyond, the oldest stay in use until they end. */
const MAX_OWED = 10_000;

/** Deletes a key while it holds that value. Settles when that is certain. */
export type Release = (key: string, value: string) => Promise<void>;

/**
 * Frees keys that Redis may hold though their calls did nothing, for as long as it takes: a command that was not answered in
 * time may be carried out after all. A key is freed only while it holds the value of that very call.
 */
export class OwedReleases {
  readonly #release: Release;
  readonly #keepMs: number;
  /** By value, which no two calls have in common, in the order in which they end. */
  readonly #owed = new Map<string, { readonly key: string; readonly endsAt: number }>();
  #isTrying = false;

  /** @param keepMs after that the key has ended by itself */
  constructor(release: Release, keepMs: number) {
    this.#release = release;
    this.#keepMs = keepMs;
  }

  /** Keys that wait to be freed. */
  get size(): number {
    return this.#owed.size;
  }

  /** Frees a key: now if that is possible, else again and again, beside whatever goes on. */
  add(key: string, value: string): void {
    this.#owed.set(value, { key, endsAt: performance.now() + this.#keepMs });
    const [oldest] = this.#owed.keys();
    if (this.#owed.size > MAX_OWED && oldest !== undefined) this.#owed.delete(oldest);
    // At once, so that it stands behind the command that was not answered, and before what the caller sends next.
    void this.#try(value, key).then(() => this.#tryAll());
  }

  /** One after the other, until none is left. */
  async #tryAll(): Promise<void> {
    if (this.#isTrying) return;
    this.#isTrying = true;
    while (this.#owed.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
      for (const [value, { key, endsAt }] of this.#owed) {
        if (endsAt <= performance.now()) this.#owed.delete(value);
        else if (!(await this.#try(value, key))) break;
      }
    }
    this.#isTrying = false;
  }

  /** @returns whether it is free of that value now */
  async #try(value: string, key: string): Promise<boolean> {
    try {
      await this.#release(key, value);
    } catch {
      return false;
    }
    return this.#owed.delete(value);
  }
}
