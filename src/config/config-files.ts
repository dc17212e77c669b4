import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Reads the files that a configuration names; their paths begin at its own directory. */
export class ConfigFiles {
  readonly #baseDirectory: string;
  readonly #onRead: (path: string) => void;
  /** What was read: a file that many brokers name is read once, and is the same for all of them. */
  readonly #texts = new Map<string, string>();

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
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    this.#onRead(path);
    const text = readFileSync(path, 'utf8');
    this.#texts.set(path, text);
    return text;
  }
}
