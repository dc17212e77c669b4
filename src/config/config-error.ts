import type { Issue } from '../errors/issue.js';

/** The configuration is unusable. Lists every problem with its path in the file, never with its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /**
   * @param source where the configuration came from, for example the file's path
   * @param issues every problem found, at least one
   */
  constructor(
    readonly source: string,
    readonly issues: readonly Issue[],
  ) {
    super(
      `The configuration in ${source} is not valid:\n` +
        issues.map(({ path, message }) => `  - ${path === '' ? '' : `${path}: `}${message}`).join('\n'),
    );
  }
}
