import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemErrorCode } from '../errors/system-error-code.js';

/** Reads the files that a configuration names; their paths begin at its own directory. */
export class ConfigFiles {
  readonly #baseDirectory: string;
  readonly #onRead: (path: string) => void;
  /** What was read: a file that many brokers name is read once, and is the same for all of them. */
  readonly #texts = new Map<string, string>();

  /** @param onRead is told of each file that is about to be read */
  constructor(baseDirectory: string, onRead: (path: string) => void = () => undefined) {
    this.#baseDirectory = baseDirectory;
    this.#onRead = onRead;
  }

  /** The file's absolute path. */
  resolve(file: string): string {
    return resolve(this.#baseDirectory, file);
  }

  /** The file's text. @throws {Error} of the operating system; {@link NotUtf8Error} */
  read(file: string): string {
    const path = this.resolve(file);
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    this.#onRead(path);
    const text = readUtf8(path);
    this.#texts.set(path, text);
    return text;
  }

  /**
   * Why lines could not be appended to a file, as far as that can be told without making it; undefined if they could.
   * A file that is not there is made in its folder.
   */
  appendProblem(file: string): string | undefined {
    const path = this.resolve(file);
    try {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory() === true) return 'EISDIR';
      if (stats !== undefined) accessSync(path, constants.W_OK);
      else accessSync(`${dirname(path)}/`, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      return systemErrorCode(error) ?? 'unknown error';
    }
  }
}

/** A file holds bytes that are no UTF-8: a text in another encoding, or no text. */
export class NotUtf8Error extends Error {
  override readonly name = 'NotUtf8Error';
}

/** A file's text, without a byte order mark. @throws {Error} of the operating system; {@link NotUtf8Error} */
export function readUtf8(path: string): string {
  const bytes = readFileSync(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new NotUtf8Error();
  }
}
