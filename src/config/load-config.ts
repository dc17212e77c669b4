import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { parseConfig, type Environment } from './parse-config.js';

/**
 * The path of the configuration file: the environment variable `CONFIG_FILE`, else `config.yaml` in the working
 * directory if it is there, else undefined, which means the embedded default.
 */
export function findConfigFile(environment: Environment, workingDirectory: string): string | undefined {
  const { CONFIG_FILE } = environment;
  if (CONFIG_FILE !== undefined && CONFIG_FILE !== '') return resolve(workingDirectory, CONFIG_FILE);
  const file = resolve(workingDirectory, 'config.yaml');
  return existsSync(file) ? file : undefined;
}

/**
 * Reads and validates a configuration file. Relative paths in it begin at its own directory.
 *
 * @throws {ConfigError} when the file cannot be read or is not valid
 */
export function loadConfigFile(file: string, environment: Environment): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new ConfigError(file, [{ path: '', message: `the file cannot be read (${code})` }]);
  }
  return parseConfig(text, file, dirname(file), environment);
}
