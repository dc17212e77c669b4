import type { z } from 'zod';
import type { Issue } from '../errors/issue.js';
import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { ConfigFiles } from './config-files.js';
import { configSchema } from './schema/config.schema.js';
import { crossCheck } from './cross-checks.js';
import { isJsonObject, joinPath } from '../json/json.js';
import { readYaml } from './read-yaml.js';
import { withBrokerDefaults } from './broker-defaults.js';
import { defaultsSchema } from './schema/projects.schema.js';
import { substituteEnvironment } from './substitute-environment.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Validates the text of a configuration file and reads the files it names.
 *
 * @param text YAML (JSON is YAML too)
 * @param source what to call it in errors
 * @param baseDirectory where relative paths in it begin
 * @param onRead is told the absolute path of each file that it names, before that is read
 * @throws {ConfigError} with every problem, each with its path and never with its value
 */
export function parseConfig(
  text: string,
  source: string,
  baseDirectory: string,
  environment: Environment,
  onRead: (path: string) => void = () => undefined,
): Config {
  const files = new ConfigFiles(baseDirectory, onRead);
  return toConfig(readYaml(text, source) ?? {}, source, files, environment);
}

/**
 * Validates the tree of a configuration file and reads the files it names.
 *
 * @throws {ConfigError} as {@link parseConfig}
 */
export function toConfig(raw: unknown, source: string, files: ConfigFiles, environment: Environment): Config {
  const issues: Issue[] = [];
  const substituted = substituteEnvironment(raw, environment, issues);
  const tree = withDefaults(withEnvironmentOverrides(substituted, environment), files);
  const parsed = configSchema(files).safeParse(tree);
  // What a missing variable leaves behind is no problem of its own.
  const unset = new Set(issues.map(({ path }) => path));
  const problems = [...(parsed.error?.issues ?? []).flatMap((issue) => toIssues(issue)), ...crossCheck(tree)];
  issues.push(...problems.filter(({ path }) => !unset.has(path)));
  if (!parsed.success || issues.length > 0) throw new ConfigError(source, issues);
  return parsed.data;
}

/** Puts `defaults.broker` under every broker, without the keys that are not valid: those are reported where they stand. */
function withDefaults(tree: unknown, files: ConfigFiles): unknown {
  if (!isJsonObject(tree) || !isJsonObject(tree.defaults) || !isJsonObject(tree.defaults.broker)) return tree;
  const { error } = defaultsSchema(files).safeParse(tree.defaults);
  const invalid = new Set(
    (error?.issues ?? []).flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 1 ? issue.keys : [issue.path[1]],
    ),
  );
  const valid = Object.entries(tree.defaults.broker).filter(([key]) => !invalid.has(key));
  return withBrokerDefaults(tree, Object.fromEntries(valid));
}

/** `HOST` and `PORT` win over the file. */
function withEnvironmentOverrides(tree: unknown, { HOST, PORT }: Environment): unknown {
  const overrides = { ...(HOST && { host: HOST }), ...(PORT && { port: PORT }) };
  if (!isJsonObject(tree) || Object.keys(overrides).length === 0) return tree;
  const http = tree.http ?? {};
  return isJsonObject(http) ? { ...tree, http: { ...http, ...overrides } } : tree;
}

function toIssues(issue: z.core.$ZodIssue, above = ''): Issue[] {
  const path = issue.path.reduce<string>(joinPath, above);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: joinPath(path, key), message: 'is not a known key' }));
  }
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input') {
    // The alternative that has the right type, a mapping or a list.
    const meant = issue.errors.find(
      (alternative) => !alternative.some((each) => each.code === 'invalid_type' && each.path.length === 0),
    );
    return (
      meant?.flatMap((each) => toIssues(each, path)) ?? [{ path, message: 'must be a mapping or a list' }]
    );
  }
  if (
    issue.code === 'invalid_type' &&
    issue.input === undefined &&
    issue.message.startsWith('Invalid input')
  ) {
    return [{ path, message: issue.expected === 'object' ? 'must be a mapping' : 'is required' }];
  }
  return [{ path, message: issue.message }];
}
