import type { Issue } from '../errors/issue.js';
import { joinPath } from '../json/json.js';

interface Located {
  readonly path: string;
  readonly value: unknown;
}

/**
 * Checks what no single field can tell: duplicate ids, names and tokens, grants on projects and brokers that are not
 * configured, TLS settings that cannot take effect, a sign-in whose tokens nobody accepts. Works on the raw tree, so that it reports
 * alongside problems of shape; whatever has the wrong type is left to the schema.
 */
export function crossCheck(tree: unknown): Issue[] {
  const root = { path: '', value: tree };
  const projects = items(child(root, 'projects'));
  const tokens = items(child(child(root, 'auth'), 'tokens'));
  const providers = oneOrMore(child(child(root, 'auth'), 'jwt'));
  const brokersOf = (project: Located): Located[] => items(child(project, 'brokers'));
  return [
    ...duplicates(projects, 'id'),
    ...projects.flatMap((project) => duplicates(brokersOf(project), 'id')),
    ...duplicates(tokens, 'name'),
    ...duplicates(tokens, 'sha256'),
    ...duplicates(providers, 'issuer'),
    ...[...tokens, ...providers]
      .flatMap((each) => items(child(each, 'grants')))
      .flatMap((grant) => grantIssues(grant, projects)),
    ...projects.flatMap(brokersOf).flatMap(brokerIssues),
    ...pairIssues(child(child(child(root, 'rateLimit'), 'redis'), 'tls')),
    ...pairIssues(child(child(child(root, 'audit'), 'postgres'), 'tls')),
    ...signInIssues(child(child(root, 'console'), 'signIn'), providers),
  ];
}

function child({ path, value }: Located, key: string): Located {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return { path: joinPath(path, key), value: isObject ? (value as Record<string, unknown>)[key] : undefined };
}

function items({ path, value }: Located): Located[] {
  return Array.isArray(value)
    ? value.map((item: unknown, index) => ({ path: joinPath(path, index), value: item }))
    : [];
}

/** The items of a list, or what stands there instead of one. */
function oneOrMore(located: Located): Located[] {
  return Array.isArray(located.value) ? items(located) : [located];
}

function duplicates(list: readonly Located[], key: string): Issue[] {
  const seen = new Map<string, string>();
  return list.flatMap((item) => {
    const { path, value } = child(item, key);
    if (typeof value !== 'string') return [];
    // Hashes may be written in either case; ids that differ only in case are distinct.
    const normal = key === 'sha256' ? value.toLowerCase() : value;
    const first = seen.get(normal);
    if (first !== undefined) return [{ path, message: `is the same as ${first}` }];
    seen.set(normal, path);
    return [];
  });
}

function grantIssues(grant: Located, projects: readonly Located[]): Issue[] {
  const project = child(grant, 'project');
  const wanted = items(child(grant, 'brokers'));
  if (typeof project.value !== 'string') return [];
  if (project.value === '*') {
    return wanted.length === 0
      ? []
      : [{ path: joinPath(grant.path, 'brokers'), message: 'cannot be combined with the project "*"' }];
  }
  const found = projects.find((candidate) => child(candidate, 'id').value === project.value);
  if (found === undefined) return [{ path: project.path, message: 'is not a configured project' }];
  const known = items(child(found, 'brokers')).map((broker) => child(broker, 'id').value);
  return wanted
    .filter(({ value }) => typeof value === 'string' && !known.includes(value))
    .map(({ path }) => ({ path, message: 'is not a broker of this project' }));
}

function brokerIssues(broker: Located): Issue[] {
  const url = child(broker, 'url').value;
  const tls = child(broker, 'tls');
  const has = (of: Located, key: string): boolean => child(of, key).value !== undefined;
  const issues: Issue[] = [];
  if (tls.value !== undefined && typeof url === 'string' && /^(mqtt|ws):/i.test(url)) {
    issues.push({ path: tls.path, message: 'has no effect with this url; use mqtts or wss' });
  }
  issues.push(...pairIssues(tls));
  if (has(broker, 'password') && has(broker, 'passwordFile')) {
    issues.push({ path: joinPath(broker.path, 'passwordFile'), message: 'cannot be combined with password' });
  }
  return issues;
}

function pairIssues(tls: Located): Issue[] {
  const has = (key: string): boolean => child(tls, key).value !== undefined;
  return has('cert') === has('key') ? [] : [{ path: tls.path, message: 'needs cert and key together' }];
}

function signInIssues(signIn: Located, providers: readonly Located[]): Issue[] {
  const issuer = child(signIn, 'issuer');
  if (typeof issuer.value !== 'string') return [];
  const isAccepted = providers.some((provider) => child(provider, 'issuer').value === issuer.value);
  return isAccepted ? [] : [{ path: issuer.path, message: 'is not an issuer of auth.jwt' }];
}
