import type { FoundClientInfo } from '@mqtt-client-control/client';
import { Id } from '../../components/id.js';
import { Status } from '../../components/status.js';
import type { Column } from '../../components/table.js';
import { Time } from '../../components/time.js';

function State({ client }: { client: FoundClientInfo }) {
  if (client.control === true) return <Status kind="busy">control</Status>;
  if (client.connected === true) return <Status kind="ok">connected</Status>;
  return <Status kind="off">{client.connected === false ? 'not connected' : 'unknown'}</Status>;
}

function Since({ client }: { client: FoundClientInfo }) {
  const at = client.connected === false ? client.lastDisconnect : client.lastConnect;
  if (at === undefined || at === null) return <span class="muted">–</span>;
  return (
    <>
      {client.connected === false && <span class="muted">gone </span>}
      <Time at={at} />
    </>
  );
}

function UserName({ name }: { name: string | undefined }) {
  if (name === undefined || name === '<anonymous>') return <span class="muted">none</span>;
  return <span title={name}>{name}</span>;
}

function protocolOf({ protocol, protocolVersion }: FoundClientInfo): string {
  const version = protocolVersion?.replace(/^v/, '') ?? '';
  return `${protocol ?? 'MQTT'} ${version}`.trim();
}

export const CLIENT_COLUMNS: readonly Column<FoundClientInfo>[] = [
  { name: 'state', title: 'State', sorts: true, cell: (client) => <State client={client} /> },
  { name: 'clientid', title: 'Client id', sorts: true, cell: ({ clientid }) => <Id value={clientid} /> },
  { name: 'username', title: 'User name', sorts: true, cell: ({ username }) => <UserName name={username} /> },
  {
    name: 'address',
    title: 'Address',
    sorts: true,
    cell: ({ address }) => <span class="mono">{address ?? '–'}</span>,
  },
  { name: 'protocol', title: 'Protocol', sorts: true, cell: protocolOf },
  {
    name: 'broker',
    title: 'Broker',
    sorts: true,
    cell: ({ broker }) => <span title={broker}>{broker}</span>,
  },
  { name: 'since', title: 'Since', sorts: true, cell: (client) => <Since client={client} /> },
  {
    name: 'subscriptions',
    title: 'Subs',
    sorts: true,
    isNumber: true,
    cell: ({ numSubscriptions }) => numSubscriptions ?? '–',
  },
];
