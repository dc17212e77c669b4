import { ConfigError } from '../config/config-error.js';
import type { Config } from '../config/config.js';
import { findConfigFile, loadConfigFile } from '../config/load-config.js';
import type { Environment } from '../config/parse-config.js';

/** A configuration file that was found and is valid. */
export interface CheckedConfig {
  readonly file: string;
  readonly config: Config;
}

/**
 * Reads and validates a configuration file as a start would.
 *
 * @param file its path; else `CONFIG_FILE` or `config.yaml`
 * @throws {ConfigError} with every problem, or because there is no file
 */
export function checkConfig(
  file: string | undefined,
  environment: Environment,
  workingDirectory: string,
): CheckedConfig {
  const found = findConfigFile(file === undefined ? environment : { CONFIG_FILE: file }, workingDirectory);
  if (found === undefined)
    throw new ConfigError(workingDirectory, [
      { path: '', message: 'there is no config.yaml; name a file, or set CONFIG_FILE' },
    ]);
  return { file: found, config: loadConfigFile(found, environment) };
}

/** Says what is wrong with a configuration file. @returns the exit status */
export function runCheckConfig(file: string | undefined): number {
  try {
    const { file: found, config } = checkConfig(file, process.env, process.cwd());
    const brokers = config.projects.flatMap((project) => project.brokers).length;
    const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
    const { tokens, jwt } = config.auth;
    process.stdout.write(
      `${found} is valid: ${count(config.projects.length, 'project')} with ${count(brokers, 'broker')}, ` +
        `${count(tokens.length, 'token')}, ${count(jwt.length, 'identity provider')}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}
