import type { Config } from '../config/config.js';
import { loadConfigFile } from '../config/load-config.js';
import type { Environment } from '../config/parse-config.js';

/** A configuration file, and with it the files that it names. */
export class ConfigSource {
  readonly #file: string;
  readonly #environment: Environment;
  #paths: readonly string[];

  constructor(file: string, environment: Environment) {
    this.#file = file;
    this.#environment = environment;
    this.#paths = [file];
  }

  /** The files that the latest {@link load} read or tried to read. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** @throws {ConfigError} see {@link loadConfigFile} */
  load(): Config {
    const paths = [this.#file];
    try {
      return loadConfigFile(this.#file, this.#environment, (path) => paths.push(path));
    } finally {
      this.#paths = paths;
    }
  }
}
