import { lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemErrorCode } from '../errors/system-error-code.js';
import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { ConfigFiles, NotUtf8Error, readUtf8 } from './config-files.js';
import { toConfig, type Environment } from './parse-config.js';
import { readYaml } from './read-yaml.js';

/**
 * The path of the configuration file: the environment variable `CONFIG_FILE`, else `config.yaml` in the working
 * directory if it is there, else undefined, which means the embedded default.
 */
export function findConfigFile(environment: Environment, workingDirectory: string): string | undefined {
  const { CONFIG_FILE } = environment;
  if (CONFIG_FILE !== undefined && CONFIG_FILE !== '') return resolve(workingDirectory, CONFIG_FILE);
  const file = resolve(workingDirectory, 'config.yaml');
  return isThere(file) ? file : undefined;
}

/** Anything of that name counts, a link to nowhere included: only where there is nothing at all does the demo start. */
function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Who may not look does not know; loading tells why.
    return true;
  }
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
    text = readUtf8(file);
  } catch (error) {
    const message =
      error instanceof NotUtf8Error
        ? 'the file is not UTF-8'
        : `the file cannot be read (${systemErrorCode(error) ?? 'unknown error'})`;
    throw new ConfigError(file, [{ path: '', message }]);
  }
  const tree = readYaml(text, file);
  // Most likely half of a mistake: cut off, or not written yet. It would take away every project and every token.
  if (tree === null) {
    const message = 'the file is empty; write {} to configure nothing';
    throw new ConfigError(file, [{ path: '', message }]);
  }
  return toConfig(tree, file, new ConfigFiles(dirname(file), onRead), environment);
}
