// Makes a bearer token: prints it once, and the lines for the configuration file, which hold only its SHA-256.
import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

const USAGE =
  'npm run token -- --name ops --role viewer|editor|admin --project plant-a [--broker line-1 …] [--expires 2027-06-30T00:00:00Z]';
const ROLES = ['viewer', 'editor', 'admin'];
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function fail(message) {
  console.error(`${message}\nUsage: ${USAGE}`);
  process.exit(1);
}

function readOptions() {
  const option = { type: 'string' };
  try {
    return parseArgs({
      options: {
        name: option,
        role: option,
        project: option,
        expires: option,
        broker: { type: 'string', multiple: true },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

const { name, role, project, broker = [], expires } = readOptions();
if (!name) fail('--name is missing.');
if (!ROLES.includes(role)) fail(`--role must be one of ${ROLES.join(', ')}.`);
if (project !== '*' && !ID.test(project ?? '')) fail('--project must be a project id or "*".');
if (broker.some((id) => !ID.test(id))) fail('--broker must be a broker id.');
if (project === '*' && broker.length > 0) fail('--broker cannot be combined with --project "*".');
if (expires !== undefined && Number.isNaN(Date.parse(expires))) fail('--expires must be a date and time.');

const token = randomBytes(32).toString('base64url');
const sha256 = createHash('sha256').update(token).digest('hex');
// Quoted: an id such as 123 or true is text.
const brokers = broker.length > 0 ? `, brokers: ${JSON.stringify(broker)}` : '';

console.log(`The token, shown only now:

  ${token}

For the configuration file, under auth.tokens:

    - name: ${JSON.stringify(name)}
      sha256: ${sha256}${expires === undefined ? '' : `\n      expiresAt: ${new Date(expires).toISOString()}`}
      grants:
        - { project: ${JSON.stringify(project)}, role: ${role}${brokers} }`);
