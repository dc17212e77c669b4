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
 * What counts: options, then environment variables, then the profile. A profile's token goes to the profile's address and no
 * other.
 *
 * @throws {UsageError} when there is no such profile, or the token file cannot be read
 */
export function findConnection(options: ConnectionOptions, environment: NodeJS.ProcessEnv): Connection {
  const profile = findProfile(options, environment);
  const url = options.url ?? filled(environment.CLIENT_CONTROL_URL) ?? profile.url ?? DEFAULT_URL;
  const own =
    options.tokenFile === undefined ? filled(environment.CLIENT_CONTROL_TOKEN) : readToken(options.tokenFile);
  const isOfProfile = profile.url !== undefined && sameAddress(url, profile.url);
  const token = own ?? (isOfProfile ? profile.token : undefined);
  const project = options.project ?? filled(environment.CLIENT_CONTROL_PROJECT) ?? profile.project;
  const broker = options.broker ?? filled(environment.CLIENT_CONTROL_BROKER) ?? profile.broker;
  return {
    url,
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
