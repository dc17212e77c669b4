import type { Config } from './config.js';

/** Holds the configuration in force. Whoever needs it reads `current` at each use, so that a reload takes effect at once. */
export class ConfigStore {
  readonly #listeners = new Set<(config: Config) => void | Promise<void>>();
  /** Of those who have not followed the latest configuration at once. */
  #following: Promise<void>[] = [];
  #current: Config;

  constructor(initial: Config) {
    this.#current = initial;
  }

  get current(): Config {
    return this.#current;
  }

  /**
   * Puts a new configuration in force, then tells every listener, in the order in which they registered.
   *
   * @throws {AggregateError} what listeners threw, after all of them were told
   */
  replace(config: Config): void {
    this.#current = config;
    this.#following = [];
    const errors: unknown[] = [];
    for (const listener of this.#listeners) {
      try {
        const followed = listener(config);
        if (followed === undefined) continue;
        this.#following.push(followed);
        // Whoever wants to know asks.
        followed.catch(() => undefined);
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  }

  /**
   * Resolves when everybody has followed the latest configuration.
   *
   * @throws {AggregateError} what those rejected with who could not, after all of them have ended
   */
  async followed(): Promise<void> {
    const results = await Promise.allSettled(this.#following);
    throwAll(results.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : [])));
  }

  /** Calls `listener` with every later configuration; it may be given again, to be followed where it was not. */
  onChange(listener: (config: Config) => void | Promise<void>): void {
    this.#listeners.add(listener);
  }
}

function throwAll(errors: readonly unknown[]): void {
  if (errors.length > 0) throw new AggregateError(errors, 'not everybody could follow the configuration');
}
