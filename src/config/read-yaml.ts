import { parseDocument } from 'yaml';
import type { Issue } from '../errors/issue.js';
import { isJsonObject } from '../json/json.js';
import { ConfigError } from './config-error.js';

/** How often aliases may be followed, those inside of what they stand for counted: enough for 10,000 brokers, too little for a bomb. */
const MAX_ALIASES = 100_000;

/**
 * Reads YAML (JSON is YAML too) with anchors, aliases and merge keys (`<<`), without keys that begin with `x-`, which are the
 * user's own.
 *
 * @param source what to call it in errors
 * @returns null for a file without content
 * @throws {ConfigError} for what is no YAML, for tags that mean nothing here (`!env X` would be the text `X`), for an
 *   alias inside of what it stands for, and for aliases without bound
 */
export function readYaml(text: string, source: string): unknown {
  // Without prettyErrors, messages hold no excerpt of the file, which could be a secret.
  const document = parseDocument(text, { prettyErrors: false, merge: true });
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  const issues = [...document.errors, ...document.warnings].map(({ code, pos }): Issue => {
    const what = code === 'TAG_RESOLVE_FAILED' ? 'unknown tag' : code.toLowerCase().replaceAll('_', ' ');
    return { path: '', message: `line ${lineOf(pos[0])}: not valid YAML (${what})` };
  });
  if (issues.length > 0) throw new ConfigError(source, issues);
  let tree: unknown;
  try {
    tree = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    throw new ConfigError(source, [{ path: '', message: 'not valid YAML (aliases cannot be resolved)' }]);
  }
  return withoutOwnKeys(tree, source, new Set());
}

/** @param within the mappings and lists around it */
function withoutOwnKeys(tree: unknown, source: string, within: Set<object>): unknown {
  if (!Array.isArray(tree) && !isJsonObject(tree)) return tree;
  if (tree instanceof Date) return tree;
  if (within.has(tree)) {
    const message = 'not valid YAML (an alias stands inside of what it stands for)';
    throw new ConfigError(source, [{ path: '', message }]);
  }
  within.add(tree);
  const result = Array.isArray(tree)
    ? tree.map((item: unknown) => withoutOwnKeys(item, source, within))
    : Object.fromEntries(
        Object.entries(tree)
          .filter(([key]) => !key.startsWith('x-'))
          .map(([key, value]) => [key, withoutOwnKeys(value, source, within)]),
      );
  within.delete(tree);
  return result;
}
