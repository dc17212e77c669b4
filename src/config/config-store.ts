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

  /** Puts a new configuration in force, then tells every listener, in the order in which they registered. */
  replace(config: Config): void {
    this.#current = config;
    for (const listener of this.#listeners) listener(config);
  }

  /** Calls `listener` with every later configuration. */
  onChange(listener: (config: Config) => void): void {
    this.#listeners.add(listener);
  }
}
