import { parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Issue } from '../errors/issue.js';
import type { Config } from './config.js';
import { ConfigError } from './config-error.js';
import { ConfigFiles } from './config-files.js';
import { configSchema } from './config.schema.js';
import { crossCheck } from './cross-checks.js';
import { isJsonObject, joinPath } from '../json/json.js';
import { keyPairIssues } from './key-pair.js';
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
  const issues: Issue[] = [];
  const tree = withEnvironmentOverrides(
    substituteEnvironment(parseYaml(text, source) ?? {}, environment, issues),
    environment,
  );
  const parsed = configSchema(new ConfigFiles(baseDirectory, onRead)).safeParse(tree);
  // What a missing variable leaves behind is no problem of its own.
  const unset = new Set(issues.map(({ path }) => path));
  const problems = [...(parsed.error?.issues ?? []).flatMap(toIssues), ...crossCheck(tree)];
  issues.push(...problems.filter(({ path }) => !unset.has(path)));
  if (parsed.success) issues.push(...keyPairIssues(parsed.data.http.tls, 'http.tls'));
  if (!parsed.success || issues.length > 0) throw new ConfigError(source, issues);
  return parsed.data;
}

function parseYaml(text: string, source: string): unknown {
  // Without prettyErrors, messages hold no excerpt of the file, which could be a secret.
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) {
    const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
    throw new ConfigError(
      source,
      document.errors.map(({ code, pos }) => ({
        path: '',
        message: `line ${lineOf(pos[0])}: not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
      })),
    );
  }
  try {
    return document.toJS() as unknown;
  } catch {
    throw new ConfigError(source, [{ path: '', message: 'not valid YAML (aliases cannot be resolved)' }]);
  }
}

/** `HOST` and `PORT` win over the file. */
function withEnvironmentOverrides(tree: unknown, { HOST, PORT }: Environment): unknown {
  const overrides = { ...(HOST && { host: HOST }), ...(PORT && { port: PORT }) };
  if (!isJsonObject(tree) || Object.keys(overrides).length === 0) return tree;
  const http = tree.http ?? {};
  return isJsonObject(http) ? { ...tree, http: { ...http, ...overrides } } : tree;
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.reduce<string>(joinPath, '');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: joinPath(path, key), message: 'is not a known key' }));
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
