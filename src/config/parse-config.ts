import { parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Issue } from '../errors/issue.js';
import type { BrokerConfig, Config } from './config.js';
import { ConfigError } from './config-error.js';
import { ConfigFiles } from './config-files.js';
import { configSchema, type ParsedBroker, type ParsedConfig } from './config.schema.js';
import { crossCheck } from './cross-checks.js';
import { joinPath } from './join-path.js';
import { substituteEnvironment } from './substitute-environment.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Validates the text of a configuration file and reads the files it names.
 *
 * @param text YAML (JSON is YAML too)
 * @param source what to call it in errors
 * @param baseDirectory where relative paths in it begin
 * @throws {ConfigError} with every problem, each with its path and never with its value
 */
export function parseConfig(
  text: string,
  source: string,
  baseDirectory: string,
  environment: Environment,
): Config {
  const issues: Issue[] = [];
  const tree = withEnvironmentOverrides(
    substituteEnvironment(parseYaml(text, source) ?? {}, environment, issues),
    environment,
  );
  const parsed = configSchema.safeParse(tree);
  issues.push(...(parsed.error?.issues ?? []).flatMap(toIssues), ...crossCheck(tree));
  if (!parsed.success) throw new ConfigError(source, issues);

  const config = withFiles(parsed.data, new ConfigFiles(baseDirectory, issues));
  if (issues.length > 0) throw new ConfigError(source, issues);
  return config;
}

/** Puts the contents of the files that it names into a configuration. */
function withFiles({ http, audit, projects, ...rest }: ParsedConfig, files: ConfigFiles): Config {
  const { tls } = http;
  return {
    ...rest,
    http: {
      ...http,
      tls: tls && { cert: files.read(tls.cert, 'http.tls.cert'), key: files.read(tls.key, 'http.tls.key') },
    },
    audit: { ...audit, file: audit.file && files.resolve(audit.file) },
    projects: projects.map(({ id, name = id, brokers }, projectIndex) => ({
      id,
      name,
      brokers: brokers.map((broker, index) =>
        brokerWithFiles(broker, `projects[${projectIndex}].brokers[${index}]`, files),
      ),
    })),
  };
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
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const overrides = { ...(HOST && { host: HOST }), ...(PORT && { port: PORT }) };
  if (!isObject(tree) || Object.keys(overrides).length === 0) return tree;
  const http = tree.http ?? {};
  return isObject(http) ? { ...tree, http: { ...http, ...overrides } } : tree;
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

function brokerWithFiles(broker: ParsedBroker, path: string, files: ConfigFiles): BrokerConfig {
  const read = (file: string | undefined, key: string): string | undefined =>
    file === undefined ? undefined : files.read(file, joinPath(path, key));
  const { passwordFile, tls, name = broker.id, protocolVersion, ...rest } = broker;
  return {
    ...rest,
    name,
    protocolVersion: protocolVersion === 4 ? 4 : 5,
    password: broker.password ?? read(passwordFile, 'passwordFile')?.replace(/\r?\n$/, ''),
    tls: tls && {
      ...tls,
      ca: read(tls.ca, 'tls.ca'),
      cert: read(tls.cert, 'tls.cert'),
      key: read(tls.key, 'tls.key'),
    },
  };
}
