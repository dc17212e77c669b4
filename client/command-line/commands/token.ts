import { Option, type Command } from 'commander';
import { createHash, randomBytes } from 'node:crypto';
import { UsageError } from '../exit-code.js';
import { runLocally } from '../service/local-command.js';

interface TokenOptions {
  readonly name: string;
  readonly role: string;
  readonly project: string;
  readonly broker?: readonly string[];
  readonly expires?: string;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const TOKEN_BYTES = 32;

/** `token`: makes a bearer token, and the lines of the configuration file for it, which hold only its hash. */
export function addTokenCommand(program: Command): void {
  program
    .command('token')
    .summary('make a token, and its hash for the configuration file')
    .requiredOption('--name <name>', 'the name that stands in the audit trail')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'editor', 'admin'])
        .makeOptionMandatory(),
    )
    .requiredOption('--project <id>', 'the project it is for; * for all')
    .option('--broker <id...>', 'only these brokers of the project')
    .option('--expires <time>', 'until then (RFC 3339)')
    .action((options: TokenOptions) => runLocally((terminal) => terminal.write(tokenText(options))));
}

function tokenText({ name, role, project, broker = [], expires }: TokenOptions): string {
  if (name === '') throw new UsageError('--name is empty');
  if (project !== '*' && !ID.test(project)) throw new UsageError('--project must be a project id or "*"');
  if (broker.some((id) => !ID.test(id))) throw new UsageError('--broker must be a broker id');
  if (project === '*' && broker.length > 0)
    throw new UsageError('--broker cannot be combined with --project "*"');
  if (expires !== undefined && Number.isNaN(Date.parse(expires)))
    throw new UsageError('--expires must be a date and time');
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const sha256 = createHash('sha256').update(token).digest('hex');
  const end = expires === undefined ? '' : `\n      expiresAt: ${new Date(expires).toISOString()}`;
  // Quoted: an id such as 123 or true is text.
  const brokers = broker.length > 0 ? `, brokers: ${JSON.stringify(broker)}` : '';
  return `The token, shown only now:

  ${token}

For the configuration file, under auth.tokens:

    - name: ${JSON.stringify(name)}
      sha256: ${sha256}${end}
      grants:
        - { project: ${JSON.stringify(project)}, role: ${role}${brokers} }
`;
}
