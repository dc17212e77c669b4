import type { Command } from 'commander';
import type { StandingSubscriptionInfo } from '../../src/index.js';
import { EXIT, UsageError, type ExitCode } from '../exit-code.js';
import { type Column, short } from '../output/cell.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions, Session } from '../service/session.js';
import { confirm, type ConfirmOptions } from '../work/confirm.js';
import { listClients } from '../work/list-clients.js';
import { watch, withWatch, type WatchOptions } from '../work/watch.js';
import { subscription, withSubscribeOptions, type SubscribeOptions } from './sub.js';

const COLUMNS: readonly Column<StandingSubscriptionInfo>[] = [
  { title: 'NAME', of: ({ name }) => name },
  { title: 'SELECT', of: ({ select }) => short(select) },
  { title: 'TOPIC', of: ({ topic }) => topic },
  { title: 'QOS', of: ({ qos }) => qos },
  { title: 'CLIENTS', of: ({ clients }) => clients },
  { title: 'BY', of: ({ by }) => by },
  { title: 'SINCE', of: ({ since }) => short(since) },
];

const PAGE = 1000;

interface SetOptions extends ServiceOptions, ConfirmOptions, SubscribeOptions {
  readonly topic: string;
  readonly clientid?: string;
  readonly username?: string;
}

/** `standing`: subscriptions that clients have whenever they connect. */
export function addStandingCommand(program: Command): void {
  const standing = program
    .command('standing')
    .summary('subscriptions that clients have whenever they connect');
  withWatch(withServiceOptions(standing.command('ls', { isDefault: true }).summary('list them'))).action(
    (options: ServiceOptions & WatchOptions) =>
      runOnService(options, { acts: false }, (session) => watch(session, options, () => list(session))),
  );
  withServiceOptions(standing.command('show').argument('<name>').summary('show one')).action(
    (name: string, options: ServiceOptions) =>
      runOnService(options, { acts: false }, async (session) => {
        const path = { ...(await session.broker()), name };
        const { data } = await session.client.getStandingSubscription({ path, signal: session.signal });
        await session.show(data);
        return undefined;
      }),
  );
  withSubscribeOptions(
    withServiceOptions(standing.command('set').argument('<name>').summary('make or replace one')),
  )
    .requiredOption('-t, --topic <filter>', 'the topic filter; ${clientid} stands for the id of each')
    .option('--clientid <pattern>', 'for clients whose id matches')
    .option('--username <pattern>', 'for clients whose user name matches')
    .option('-y, --yes', 'do not ask, although it concerns more than one client')
    .option('-n, --dry-run', 'only show which clients would have it now')
    .action((name: string, options: SetOptions) =>
      runOnService(options, { acts: true }, (session) => set(session, name, options)),
    );
  withServiceOptions(standing.command('rm').argument('<name>').summary('remove one'))
    .option('--unsubscribe', 'also take it away from those that have it')
    .option('-y, --yes', 'do not ask, although it concerns more than one client')
    .action((name: string, options: ServiceOptions & ConfirmOptions & { readonly unsubscribe?: boolean }) =>
      runOnService(options, { acts: true }, async (session) => {
        const path = { ...(await session.broker()), name };
        if (options.unsubscribe === true) {
          const { data } = await session.client.getStandingSubscription({ path, signal: session.signal });
          if (!(await confirm(session, options, 'Unsubscribe', data.clients, []))) return EXIT.someFailed;
        }
        const query = { unsubscribe: options.unsubscribe === true };
        await session.acting((signal) => session.client.deleteStandingSubscription({ path, query, signal }));
        session.terminal.say(`${name} was removed`);
        return undefined;
      }),
    );
}

async function list(session: Session): Promise<undefined> {
  const path = await session.broker();
  const records = session.records(COLUMNS);
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor !== null && { cursor }) };
    const { data, response } = await session.client.listStandingSubscriptions({
      path,
      query,
      signal: session.signal,
    });
    await records.addAll(data.standingSubscriptions);
    cursor = response.headers.get('X-Next-Cursor');
  } while (cursor !== null);
  await records.end();
  if (records.count === 0 && session.format === 'table')
    session.terminal.say('there are no standing subscriptions');
}

async function set(session: Session, name: string, options: SetOptions): Promise<ExitCode> {
  const broker = await session.broker();
  const { clientid, username } = options;
  const select = { ...(clientid !== undefined && { clientid }), ...(username !== undefined && { username }) };
  if (Object.keys(select).length === 0) throw new UsageError('for whom? Give --clientid or --username');
  const { action: _action, ...fields } = subscription(options.topic, options);
  if (options.dryRun === true) return listClients(session, broker, select);
  if (options.yes !== true) {
    const { count, clients } = await session.client.preview(
      broker,
      { select, actions: [{ action: 'disconnect' }] },
      session.signal,
    );
    const ids = clients.map((client) => client.clientid);
    if (!(await confirm(session, options, 'Subscribe', count, ids))) return EXIT.someFailed;
  }
  const path = { ...broker, name };
  const body = { select, ...fields };
  const { data } = await session.acting((signal) =>
    session.client.setStandingSubscription({ path, body, signal }),
  );
  await session.show(data);
  return EXIT.allDone;
}
