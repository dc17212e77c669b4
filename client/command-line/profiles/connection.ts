import { readFileSync } from 'node:fs';
import { UsageError } from '../exit-code.js';
import { profilePath, readProfiles, type Profile } from './profile-file.js';

/** What a command was told about where to go. */
export interface ConnectionOptions {
  readonly profile?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly project?: string;
  readonly broker?: string;
}

/** Where to go, as whom. */
export interface Connection extends Profile {
  readonly url: string;
}

const DEFAULT_URL = 'http://127.0.0.1:3000';

/**
 * What counts: options, then environment variables, then the profile; a profile that an option names comes before the
 * variables. A token goes to the address that stands beside it and no other; only a variable may hold one without an address.
 *
 * @throws {UsageError} when there is no such profile, or the token file cannot be read
 */
export function findConnection(options: ConnectionOptions, environment: NodeJS.ProcessEnv): Connection {
  const profile = findProfile(options, environment);
  const variables = variablesOf(environment);
  const [first, second] = options.profile === undefined ? [variables, profile] : [profile, variables];
  const url = options.url ?? first.url ?? second.url ?? DEFAULT_URL;
  const tokenOf = (of: Profile): string | undefined => {
    const isMeant = of.url === undefined ? of === variables : sameAddress(url, of.url);
    return isMeant ? of.token : undefined;
  };
  const token =
    options.tokenFile === undefined ? (tokenOf(first) ?? tokenOf(second)) : readToken(options.tokenFile);
  const project = options.project ?? first.project ?? second.project;
  const broker = options.broker ?? first.broker ?? second.broker;
  return {
    url,
    ...(token !== undefined && { token }),
    ...(project !== undefined && { project }),
    ...(broker !== undefined && { broker }),
  };
}

/** What environment variables say; an empty one says nothing. */
function variablesOf(environment: NodeJS.ProcessEnv): Profile {
  const url = filled(environment.CLIENT_CONTROL_URL);
  const token = filled(environment.CLIENT_CONTROL_TOKEN);
  const project = filled(environment.CLIENT_CONTROL_PROJECT);
  const broker = filled(environment.CLIENT_CONTROL_BROKER);
  return {
    ...(url !== undefined && { url }),
    ...(token !== undefined && { token }),
    ...(project !== undefined && { project }),
    ...(broker !== undefined && { broker }),
  };
}

function findProfile(options: ConnectionOptions, environment: NodeJS.ProcessEnv): Profile {
  const named = options.profile ?? filled(environment.CLIENT_CONTROL_PROFILE);
  const path = profilePath(environment);
  const { use, profiles } = readProfiles(path);
  const name = named ?? use;
  if (name === undefined) return {};
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile === undefined) throw new UsageError(`there is no profile "${name}" in ${path}`);
  return profile;
}

function readToken(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(
      `the token cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function sameAddress(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '');
}

function filled(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
