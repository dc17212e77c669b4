import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemErrorCode } from '../errors/system-error-code.js';
import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { keyPairIssues } from './key-pair.js';
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
 * @param onRead is told the absolute path of each file that it names, before that is read
 * @throws {ConfigError} when the file cannot be read or is not valid
 */
export function loadConfigFile(
  file: string,
  environment: Environment,
  onRead?: (path: string) => void,
): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error) ?? 'unknown error';
    throw new ConfigError(file, [{ path: '', message: `the file cannot be read (${code})` }]);
  }
  const config = parseConfig(text, file, dirname(file), environment, onRead);
  const issues = config.projects.flatMap(({ brokers }, project) =>
    brokers.flatMap(({ tls }, broker) => keyPairIssues(tls, `projects[${project}].brokers[${broker}].tls`)),
  );
  if (issues.length > 0) throw new ConfigError(file, issues);
  return config;
}
