import type { Issue } from '../errors/issue.js';
import { joinPath } from '../json/json.js';

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string of a parsed YAML tree; `$${` stands for a literal `${`.
 *
 * @param issues receives one issue for each name that is not set and has no default
 * @returns a new tree; the input stays as it is
 */
export function substituteEnvironment(
  tree: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  issues: Issue[],
  path = '',
): unknown {
  if (typeof tree === 'string') {
    return tree.replace(REFERENCE, (match, name: string | undefined, fallback: string | undefined) => {
      if (name === undefined) return '${';
      const value = environment[name] ?? fallback;
      if (value === undefined) issues.push({ path, message: `the environment variable ${name} is not set` });
      return value ?? match;
    });
  }
  if (Array.isArray(tree)) {
    return tree.map((item, index) => substituteEnvironment(item, environment, issues, joinPath(path, index)));
  }
  if (typeof tree === 'object' && tree !== null && !(tree instanceof Date)) {
    return Object.fromEntries(
      Object.entries(tree).map(([key, value]) => [
        key,
        substituteEnvironment(value, environment, issues, joinPath(path, key)),
      ]),
    );
  }
  return tree;
}
