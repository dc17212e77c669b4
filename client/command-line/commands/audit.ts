import type { Command } from 'commander';
import type { AuditEntry, ListAllAuditRecordsData } from '../../src/index.js';
import type { Column } from '../output/cell.js';
import { positiveNumber } from '../parse-number.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions, Session } from '../service/session.js';

type Query = NonNullable<ListAllAuditRecordsData['query']>;
type Filter = Omit<Query, 'limit' | 'cursor' | 'broker'>;

interface AuditOptions extends ServiceOptions, Filter {
  readonly limit: number;
  readonly all?: boolean;
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'TIME', of: ({ time }) => time },
  { title: 'CALLER', of: ({ caller }) => caller },
  { title: 'PROJECT', of: ({ project }) => project },
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'ACTION', of: ({ action }) => action },
  { title: 'CLIENT ID', of: ({ clientId }) => clientId },
  { title: 'TOPIC', of: ({ topic }) => topic },
  {
    title: 'OUTCOME',
    of: ({ outcome, outcomeDetail }) =>
      outcomeDetail === undefined ? outcome : `${outcome} (${outcomeDetail})`,
  },
  { title: 'REASON', of: ({ reason }) => reason },
];

const PAGE = 1000;
const DEFAULT_LIMIT = 100;

/** `audit`: who did what to which client. */
export function addAuditCommand(program: Command): void {
  const command = program.command('audit').summary('show who did what to which client, newest first');
  withServiceOptions(command)
    .option('--from <time>', 'from then on (RFC 3339)')
    .option('--to <time>', 'until then')
    .option('--clientid <id>', 'about this client')
    .option('--action <action>', 'only these: disconnect, subscribe, unsubscribe, bulk, ban, unban, …')
    .option('--caller <name>', 'by this caller')
    .option('--outcome <code>', 'with this outcome: OK, or an error code')
    .option('--request-id <id>', 'of this request')
    .option('--call-id <id>', 'of this call for many clients')
    .option('--started', 'also the records from before a command was sent')
    .option('--limit <number>', 'at most so many', positiveNumber, DEFAULT_LIMIT)
    .option('--all', 'all of them')
    .action((options: AuditOptions) =>
      runOnService(options, { acts: false }, async (session) => {
        const records = session.records(COLUMNS);
        await records.addAll(
          entries(session, filterOf(options), options.all === true ? Infinity : options.limit),
        );
        await records.end();
        if (records.count === 0 && session.format === 'table')
          session.terminal.say('there are no such records');
        return undefined;
      }),
    );
}

async function* entries(session: Session, filter: Filter, limit: number): AsyncGenerator<AuditEntry, void> {
  const { client, connection, signal } = session;
  let left = limit;
  let cursor: string | null = null;
  do {
    const query: Query = {
      ...filter,
      ...(connection.broker !== undefined && { broker: connection.broker }),
      limit: Math.min(PAGE, left),
      ...(cursor !== null && { cursor }),
    };
    const { data, response } =
      connection.project === undefined
        ? await client.listAllAuditRecords({ query, signal })
        : await client.listAuditRecords({ path: { projectId: connection.project }, query, signal });
    yield* data;
    left -= data.length;
    cursor = response.headers.get('X-Next-Cursor');
  } while (cursor !== null && left > 0);
}

const FILTERS = [
  'from',
  'to',
  'clientid',
  'action',
  'caller',
  'outcome',
  'requestId',
  'callId',
  'started',
] as const;

function filterOf(options: AuditOptions): Filter {
  return Object.fromEntries(
    FILTERS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
  );
}
