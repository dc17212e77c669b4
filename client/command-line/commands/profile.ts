import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { createClient } from '../../src/index.js';
import { UsageError } from '../exit-code.js';
import type { Column } from '../output/cell.js';
import { Records } from '../output/output.js';
import type { Terminal } from '../output/terminal.js';
import {
  profilePath,
  readProfiles,
  writeProfiles,
  type Profile,
  type Profiles,
} from '../profiles/profile-file.js';
import { runLocally } from '../service/local-command.js';

interface SetOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly project?: string;
  readonly broker?: string;
}

interface Listed extends Profile {
  readonly name: string;
  readonly isUsed: boolean;
}

// The token is shown to nobody.
const COLUMNS: readonly Column<Listed>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'USED', of: ({ isUsed }) => isUsed },
  { title: 'URL', of: ({ url }) => url },
  { title: 'PROJECT', of: ({ project }) => project },
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'TOKEN', of: ({ token }) => token !== undefined },
];

/** `profile`: services that one calls often, by name. */
export function addProfileCommand(program: Command): void {
  const profile = program.command('profile').summary('remember services and tokens by name');
  profile
    .command('ls', { isDefault: true })
    .summary('list the profiles')
    .action(() => runLocally(list));
  profile
    .command('set')
    .argument('<name>')
    .summary('make or replace a profile; asks for the token')
    .requiredOption('--url <url>', "the service's address")
    .option('--token-file <path>', 'a file that holds the token; - for standard input')
    .option('--project <id>', 'the project that is meant where none is named')
    .option('--broker <id>', 'the broker that is meant where none is named')
    .action((name: string, options: SetOptions) => runLocally((terminal) => set(terminal, name, options)));
  profile
    .command('use')
    .argument('<name>')
    .summary('the profile that is meant where none is named')
    .action((name: string) =>
      runLocally((terminal) => change(terminal, name, (profiles) => ({ ...profiles, use: name }))),
    );
  profile
    .command('rm')
    .argument('<name>')
    .summary('forget a profile')
    .action((name: string) =>
      runLocally((terminal) =>
        change(terminal, name, ({ use, profiles: { [name]: _gone, ...profiles } }) => ({
          profiles,
          ...(use !== undefined && use !== name && { use }),
        })),
      ),
    );
}

async function list(terminal: Terminal): Promise<void> {
  const { use, profiles } = readProfiles(profilePath());
  const records = new Records('table', COLUMNS, terminal.write);
  await records.addAll(
    Object.entries(profiles).map(([name, profile]) => ({ name, isUsed: name === use, ...profile })),
  );
  await records.end();
  if (records.count === 0) terminal.say('there are no profiles: client-control profile set NAME --url URL');
}

async function set(terminal: Terminal, name: string, options: SetOptions): Promise<void> {
  const { url, tokenFile, project, broker } = options;
  if (!/^[\w.-]{1,64}$/.test(name) || name === '__proto__')
    throw new UsageError('the name is letters, digits, ".", "_" and "-"');
  try {
    createClient({ url });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const path = profilePath();
  const before = readProfiles(path);
  const token = tokenFile === undefined ? await askToken(terminal) : readToken(tokenFile);
  const profile: Profile = {
    url,
    ...(token !== '' && { token }),
    ...(project !== undefined && { project }),
    ...(broker !== undefined && { broker }),
  };
  writeProfiles(path, { use: name, ...before, profiles: { ...before.profiles, [name]: profile } });
  terminal.say(`${name} was written to ${path}`);
}

function askToken(terminal: Terminal): Promise<string> {
  if (!terminal.isInteractive)
    throw new UsageError(
      'nobody can be asked for the token: --token-file names a file, or - for standard input',
    );
  return terminal.askSecret('Token: ', new AbortController().signal);
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

function change(terminal: Terminal, name: string, to: (profiles: Profiles) => Profiles): Promise<void> {
  const path = profilePath();
  const profiles = readProfiles(path);
  if (!Object.hasOwn(profiles.profiles, name))
    throw new UsageError(`there is no profile "${name}" in ${path}`);
  writeProfiles(path, to(profiles));
  terminal.say(`${path} was written`);
  return Promise.resolve();
}
