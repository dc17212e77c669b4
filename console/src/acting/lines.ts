import { escapeGlob } from '../glob.js';
import { actionsOf, operationOn, type Intent, type Whom } from './intent.js';

/** What is about to be done, for those who do it from a terminal. */
export interface Plan {
  readonly whom: Whom;
  readonly intent: Intent;
  readonly reason: string;
  readonly perSecond: number | undefined;
  /** Names the clients of the preview. */
  readonly selection?: string | undefined;
  readonly partial?: boolean;
}

/** Ids that are written out; of more the line would not be read. */
const WRITTEN = 20;

/** The same as a call with curl. `TOKEN` stands for the token, which is not written anywhere. */
export function curlLine(plan: Plan, root: string): string {
  const { whom, intent } = plan;
  const project = `${root}api/projects/${whom.projectId}`;
  if (intent.kind === 'ban') return banCurl(plan, project);
  const isOnBroker = whom.kind === 'matching' && whom.brokerId !== undefined;
  const place = isOnBroker ? `${project}/brokers/${whom.brokerId}` : project;
  return request('POST', `${place}/client-control/bulk`, bulkBody(plan));
}

/** The body of the call for many. */
export function bulkBody({ whom, intent, reason, perSecond, selection, partial }: Plan): object {
  const actions = actionsOf(intent);
  const common = {
    ...(perSecond !== undefined && { perSecond }),
    ...(reason !== '' && { reason }),
  };
  if (whom.kind === 'matching') {
    return {
      select: whom.select,
      actions,
      ...(selection !== undefined && { selection }),
      ...(partial === true && { partial }),
      ...common,
    };
  }
  const operations = whom.clients.flatMap((client) => actions.map((action) => operationOn(action, client)));
  return { operations, ...common };
}

function banCurl({ whom, intent, reason }: Plan, project: string): string {
  if (whom.kind !== 'clients' || intent.kind !== 'ban') return '';
  return whom.clients
    .slice(0, WRITTEN)
    .map(({ broker, clientid }) =>
      request('POST', `${project}/brokers/${broker}/bans`, {
        as: 'clientid',
        who: escapeGlob(clientid),
        ...(intent.forMs !== null && { until: new Date(Date.now() + intent.forMs).toISOString() }),
        ...(reason !== '' && { reason }),
        ...(!intent.disconnect && { disconnect: false }),
      }),
    )
    .join('\n');
}

function request(method: string, url: string, body: object): string {
  return [
    `curl -X ${method} ${quoted(url)}`,
    `-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'`,
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(' \\\n  ');
}

/** The same with the command line; several lines where it takes one broker at a time. */
export function commandLine(plan: Plan): string {
  const { whom, intent } = plan;
  const where = `--project ${quoted(whom.projectId)}`;
  if (whom.kind === 'matching') {
    const broker = whom.brokerId === undefined ? [] : [`-b ${quoted(whom.brokerId)}`];
    return [
      'client-control',
      ...command(intent),
      where,
      ...broker,
      ...selectionFlags(whom.select),
      ...commonFlags(plan),
    ].join(' ');
  }
  const brokers = [...new Set(whom.clients.map(({ broker }) => broker))];
  return brokers
    .flatMap((broker) => {
      const clients = whom.clients.filter((client) => client.broker === broker);
      const place = `${where} -b ${quoted(broker)}`;
      const ids = clients.map(({ clientid }) => clientid);
      if (intent.kind === 'ban') {
        const line = ['client-control', ...command(intent), place, ...commonFlags(plan), '--'];
        return ids.slice(0, WRITTEN).map((id) => [...line, quoted(escapeGlob(id))].join(' '));
      }
      const line = ['client-control', ...command(intent), place, ...commonFlags(plan)];
      return ids.length <= WRITTEN
        ? [[...line, '--', ...ids.map(quoted)].join(' ')]
        : [`${line.join(' ')} - < ids-of-${broker}.txt`];
    })
    .join('\n');
}

function command(intent: Intent): string[] {
  switch (intent.kind) {
    case 'disconnect':
      return [
        'kick',
        ...(intent.preventWillMessage ? ['--no-will'] : []),
        ...(intent.cleanSession ? ['--clean-session'] : []),
      ];
    case 'subscribe':
      return [
        'sub',
        `-t ${quoted(intent.topic)}`,
        ...(intent.qos === 0 ? [] : [`--qos ${intent.qos}`]),
        ...(intent.noLocal ? ['--no-local'] : []),
        ...(intent.retainAsPublished ? ['--retain-as-published'] : []),
        ...(intent.sendRetain === 'null' ? [] : [`--send-retain ${intent.sendRetain}`]),
      ];
    case 'unsubscribe':
      return ['unsub', `-t ${quoted(intent.topic)}`];
    case 'move':
      return [
        'move',
        `--from ${quoted(intent.from)}`,
        `--to ${quoted(intent.to)}`,
        ...(intent.qos === 0 ? [] : [`--qos ${intent.qos}`]),
      ];
    case 'ban':
      return [
        'ban',
        ...(intent.forMs === null ? [] : [`--for ${intent.forMs / 60_000}m`]),
        ...(intent.disconnect ? [] : ['--no-disconnect']),
      ];
  }
}

function commonFlags({ intent, reason, perSecond }: Plan): string[] {
  return [
    ...(perSecond === undefined || intent.kind === 'ban' ? [] : [`--per-second ${perSecond}`]),
    ...(reason === '' ? [] : [`--reason ${quoted(reason)}`]),
  ];
}

const FLAGS = {
  clientid: '--clientid',
  username: '--username',
  address: '--address',
  connected: '--connected',
  protocolVersion: '--protocol-version',
  connectedBefore: '--connected-before',
  connectedAfter: '--connected-after',
} as const;

function selectionFlags(select: Readonly<Record<string, unknown>> | object): string[] {
  const values = select as Readonly<Record<string, string | number | boolean | undefined>>;
  return Object.entries(FLAGS).flatMap(([name, flag]) => {
    const value = values[name];
    if (value === undefined) return [];
    if (typeof value === 'boolean') return [`${flag} ${value ? 'yes' : 'no'}`];
    return [`${flag} ${quoted(String(value))}`];
  });
}

/** For a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
