import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from '../exit-code.js';

/** Where a service is, who calls, and what is meant where nothing is named. */
export interface Profile {
  readonly url?: string;
  readonly token?: string;
  readonly project?: string;
  readonly broker?: string;
}

/** All profiles, and which of them is meant where none is named. */
export interface Profiles {
  readonly use?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

const KEYS = ['url', 'token', 'project', 'broker'] as const;

/** `$XDG_CONFIG_HOME/client-control/profiles.json`. Source: XDG Base Directory Specification. */
export function profilePath(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CONFIG_HOME: home } = environment;
  // The specification has relative paths ignored.
  const base = home?.startsWith('/') === true ? home : join(homedir(), '.config');
  return join(base, 'client-control', 'profiles.json');
}

/**
 * Reads the profiles; none where there is no file.
 *
 * @throws {UsageError} when others may read the file, whose tokens are then theirs, or when it cannot be read
 */
export function readProfiles(path: string): Profiles {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { profiles: {} };
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8);
    throw new UsageError(`others may read the tokens in ${path} (mode ${mode}): chmod 600 '${path}'`);
  }
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isProfiles(content))
    throw new UsageError(
      `${path} does not hold profiles: {"use": "name", "profiles": {"name": {"url": "…"}}}`,
    );
  return content;
}

/** Writes the profiles, for nobody else to read; either all of them or, when it fails, nothing. */
export function writeProfiles(path: string, profiles: Profiles): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(next, 0o600);
  renameSync(next, path);
}

function isProfiles(value: unknown): value is Profiles {
  if (!isObject(value) || !isObject(value.profiles)) return false;
  const { use, profiles } = value;
  return (
    (use === undefined || typeof use === 'string') &&
    Object.values(profiles).every(
      (profile) =>
        isObject(profile) &&
        KEYS.every((key) => profile[key] === undefined || typeof profile[key] === 'string'),
    )
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
