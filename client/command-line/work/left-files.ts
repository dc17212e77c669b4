import type { Command } from 'commander';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Operation } from '../../src/index.js';
import { UsageError } from '../exit-code.js';

/** Where operations go that did not come to an end. */
export interface LeftOptions {
  readonly left?: string;
  readonly leftUnknown?: string;
}

/** Takes the operations that did not come to an end. */
export interface Leftovers {
  /** It was not sent, and never will be. */
  readonly notSent: (operation: Operation) => void;
  /** It was sent, and nobody knows whether it was done. */
  readonly unknown: (operation: Operation) => void;
}

/** Gives a command the options that say where such operations are written. */
export function withLeftOptions(command: Command): Command {
  return command
    .option('--left <file>', 'where to write the operations that were not sent, for client-control bulk')
    .option('--left-unknown <file>', 'where to write those that were sent, and nobody knows whether done');
}

/**
 * Opens the files that the options name for as long as the work takes. They are new ones: what is left may not take the place
 * of something, least of all of what it is left of. Where nothing is left, there is no file afterwards.
 *
 * @throws {UsageError} before the work begins, when one of them cannot be made
 */
export async function withLeftFiles<T>(
  { left, leftUnknown }: LeftOptions,
  work: (leftovers: Leftovers) => Promise<T>,
): Promise<T> {
  const notSent = new LeftFile('--left', left);
  let unknown: LeftFile | undefined;
  try {
    const other = (unknown = new LeftFile('--left-unknown', leftUnknown));
    return await work({
      notSent: (operation) => notSent.write(operation),
      unknown: (operation) => other.write(operation),
    });
  } finally {
    notSent.close();
    unknown?.close();
  }
}

/** One operation per line. */
class LeftFile {
  readonly #path: string | undefined;
  readonly #file: number | undefined;
  #isEmpty = true;

  constructor(option: string, path: string | undefined) {
    this.#path = path;
    try {
      this.#file = path === undefined ? undefined : openSync(path, 'wx', 0o600);
    } catch (error) {
      throw new UsageError(
        `${option} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  write(operation: Operation): void {
    if (this.#file === undefined) return;
    writeSync(this.#file, `${JSON.stringify(operation)}\n`);
    this.#isEmpty = false;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    if (this.#path !== undefined && this.#isEmpty) rmSync(this.#path, { force: true });
  }
}
