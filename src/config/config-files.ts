import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Issue } from '../errors/issue.js';

/** Reads the files that a configuration names; their paths begin at its own directory. */
export class ConfigFiles {
  readonly #baseDirectory: string;
  readonly #issues: Issue[];

  /** @param issues receives one issue for each file that cannot be read */
  constructor(baseDirectory: string, issues: Issue[]) {
    this.#baseDirectory = baseDirectory;
    this.#issues = issues;
  }

  /** The file's absolute path. */
  resolve(file: string): string {
    return resolve(this.#baseDirectory, file);
  }

  /**
   * The file's text; empty if it cannot be read.
   *
   * @param path where the configuration names it
   */
  read(file: string, path: string): string {
    try {
      return readFileSync(this.resolve(file), 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
      this.#issues.push({ path, message: `names a file that cannot be read (${code})` });
      return '';
    }
  }
}
