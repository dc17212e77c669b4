import type { Command } from 'commander';
import type { BrokerBanInfo, NotAnsweredBroker } from '../../src/index.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Column } from '../output/cell.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions, Session } from '../service/session.js';
import { watch, withWatch, type WatchOptions } from '../work/watch.js';

const COLUMNS: readonly Column<BrokerBanInfo>[] = [
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'AS', of: (ban) => ban.as },
  { title: 'WHO', of: ({ who }) => who },
  { title: 'UNTIL', of: ({ until }) => until ?? 'lifted' },
  { title: 'SINCE', of: ({ since }) => since },
  { title: 'BY', of: ({ by }) => by },
  { title: 'REASON', of: ({ reason }) => reason },
];

const PAGE = 1000;

/** `bans`: who is kept out. */
export function addBansCommand(program: Command): void {
  const command = program.command('bans').summary('list who is kept out');
  withWatch(withServiceOptions(command)).action((options: ServiceOptions & WatchOptions) =>
    runOnService(options, { acts: false }, (session) => watch(session, options, () => listBans(session))),
  );
}

async function listBans(session: Session): Promise<ExitCode> {
  const { projectId, brokerId } = await session.target();
  const records = session.records(COLUMNS);
  const notAnswered: NotAnsweredBroker[] = [];
  await records.addAll(
    brokerId === undefined
      ? bansOfProject(session, { projectId }, notAnswered)
      : bansOf(session, { projectId, brokerId }),
  );
  await records.end();
  const isComplete = session.tellNotAnswered(notAnswered);
  if (records.count === 0 && session.format === 'table') session.terminal.say('there are no bans');
  return isComplete ? EXIT.allDone : EXIT.someFailed;
}

/** The bans of all brokers, page by page. @param notAnswered takes the brokers whose bans are not, or not all, among them */
async function* bansOfProject(
  session: Session,
  path: { readonly projectId: string },
  notAnswered: NotAnsweredBroker[],
): AsyncGenerator<BrokerBanInfo, void> {
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor !== null && { cursor }) };
    const { data, response } = await session.client.listBansOfProject({
      path,
      query,
      signal: session.signal,
    });
    yield* data.bans;
    notAnswered.push(...data.notAnswered);
    cursor = response.headers.get('X-Next-Cursor');
  } while (cursor !== null);
}

async function* bansOf(
  session: Session,
  path: { readonly projectId: string; readonly brokerId: string },
): AsyncGenerator<BrokerBanInfo, void> {
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor !== null && { cursor }) };
    const { data, response } = await session.client.listBans({ path, query, signal: session.signal });
    for (const ban of data.bans) yield { broker: path.brokerId, ...ban };
    cursor = response.headers.get('X-Next-Cursor');
  } while (cursor !== null);
}
