import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Reads the files that a configuration names; their paths begin at its own directory. */
export class ConfigFiles {
  readonly #baseDirectory: string;
  readonly #onRead: (path: string) => void;

  /** @param onRead is told of each file that is about to be read */
  constructor(baseDirectory: string, onRead: (path: string) => void) {
    this.#baseDirectory = baseDirectory;
    this.#onRead = onRead;
  }

  /** The file's absolute path. */
  resolve(file: string): string {
    return resolve(this.#baseDirectory, file);
  }

  /** The file's text. @throws {Error} of the operating system */
  read(file: string): string {
    const path = this.resolve(file);
    this.#onRead(path);
    return readFileSync(path, 'utf8');
  }
}
