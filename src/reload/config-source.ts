import type { Config } from '../config/config.js';
import { loadConfigFile } from '../config/load-config.js';
import type { Environment } from '../config/parse-config.js';
import { takeFingerprint, type Fingerprint } from './fingerprint.js';

/** A configuration file, and with it the files that it names. */
export class ConfigSource {
  readonly #file: string;
  readonly #environment: Environment;
  #files: readonly Fingerprint[] = [];

  constructor(file: string, environment: Environment) {
    this.#file = file;
    this.#environment = environment;
  }

  /** The files that the latest {@link load} read or tried to read, each as it was just before that. */
  get files(): readonly Fingerprint[] {
    return this.#files;
  }

  /** @throws {ConfigError} see {@link loadConfigFile} */
  load(): Config {
    const files = [takeFingerprint(this.#file)];
    try {
      return loadConfigFile(this.#file, this.#environment, (path) => files.push(takeFingerprint(path)));
    } finally {
      this.#files = files;
    }
  }
}
