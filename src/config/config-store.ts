import type { Config } from './config.js';

/** Holds the configuration in force. Whoever needs it reads `current` at each use, so that a reload takes effect at once. */
export class ConfigStore {
  readonly #listeners = new Set<(config: Config) => void>();
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
    const errors: unknown[] = [];
    for (const listener of this.#listeners) {
      try {
        listener(config);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everybody could follow the configuration');
  }

  /** Calls `listener` with every later configuration. */
  onChange(listener: (config: Config) => void): void {
    this.#listeners.add(listener);
  }
}
