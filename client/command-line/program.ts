import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { addAuditCommand } from './commands/audit.js';
import { addBanCommand } from './commands/ban.js';
import { addBansCommand } from './commands/bans.js';
import { addBrokersCommand } from './commands/brokers.js';
import { addBulkCommand } from './commands/bulk.js';
import { addCompletionCommand } from './commands/completion.js';
import { addEventsCommand } from './commands/events.js';
import { addFindCommand, addLsCommand } from './commands/find.js';
import { addInstalledServiceCommands } from './commands/installed-service.js';
import { addKickCommand } from './commands/kick.js';
import { addMoveCommand } from './commands/move.js';
import { addProfileCommand } from './commands/profile.js';
import { addShowCommand } from './commands/show.js';
import { addStandingCommand } from './commands/standing.js';
import { addSubCommand } from './commands/sub.js';
import { addTokenCommand } from './commands/token.js';
import { addUnbanCommand } from './commands/unban.js';
import { addUnsubCommand } from './commands/unsub.js';

const MORE = `
Where the service is, and who calls: options, then CLIENT_CONTROL_URL, CLIENT_CONTROL_TOKEN, CLIENT_CONTROL_PROJECT,
CLIENT_CONTROL_BROKER and CLIENT_CONTROL_PROFILE, then the profile, which comes before the variables when --profile names it; else
http://127.0.0.1:3000.

Exit status: 0 all done, 1 some failed or were not sent, 2 wrong usage and nothing was done, 3 an outcome is not known.`;

/** The program with all of its commands. It throws a CommanderError where commander would end the process. */
export function createProgram(): Command {
  const program = new Command('client-control')
    .description('Control over connected MQTT clients, from the command line.')
    .version(version(), '--version')
    .addHelpText('after', MORE)
    .showHelpAfterError('(--help shows how)')
    .exitOverride();
  addBrokersCommand(program);
  addFindCommand(program);
  addLsCommand(program);
  addShowCommand(program);
  addKickCommand(program);
  addSubCommand(program);
  addUnsubCommand(program);
  addMoveCommand(program);
  addBulkCommand(program);
  addBanCommand(program);
  addUnbanCommand(program);
  addBansCommand(program);
  addStandingCommand(program);
  addEventsCommand(program);
  addAuditCommand(program);
  addTokenCommand(program);
  addInstalledServiceCommands(program);
  addProfileCommand(program);
  addCompletionCommand(program);
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
