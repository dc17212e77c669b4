import type { NotAnsweredBroker, StandingSubscriptionInfo } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import './standing.css';
import { ApiError, api } from '../../api.js';
import { wordsOf } from '../../advice.js';
import { brokers } from '../../brokers.js';
import { may, projectName } from '../../caller.js';
import { Icon } from '../../components/icon.js';
import { Id } from '../../components/id.js';
import { Empty, Loading, Shown, SomeDidNotAnswer } from '../../components/states.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { useEvents } from '../../live.js';
import { useResource } from '../../resource.js';
import { DeleteDialog } from './delete-dialog.js';
import { StandingDialog } from './standing-dialog.js';

const PAGE = 1000;

/** A standing subscription and where it stands. */
export interface Standing extends StandingSubscriptionInfo {
  readonly broker: string;
}

/** Subscriptions that the broker gives clients whenever they connect: who has them, who made them. */
export function StandingPage({ project }: { project: string }) {
  const ids = brokers.value?.map(({ id }) => id);
  if (ids === undefined) return <Loading rows={5} />;
  return <Standings key={ids.join()} project={project} ids={ids} />;
}

function Standings({ project, ids }: { project: string; ids: readonly string[] }) {
  const { resource, reload } = useResource(`standing/${project}`, (signal) => listAll(project, ids, signal));
  useEvents((event) => {
    if (event.type === 'control' && event.action.startsWith('standing')) reload();
  });
  const [draft, setDraft] = useState<Partial<Standing> | undefined>(undefined);
  const [deleting, setDeleting] = useState<Standing | undefined>(undefined);
  const mayMake = may('editor', project);
  return (
    <>
      <header class="page-head">
        <h1>Standing subscriptions</h1>
        <span class="muted">{projectName}</span>
        {mayMake && (
          <button type="button" class="push" onClick={() => setDraft({})}>
            <Icon name="plus" />
            New standing subscription…
          </button>
        )}
      </header>
      <Shown resource={resource} again={reload} rows={5}>
        {({ standing, notAnswered }) => (
          <>
            <SomeDidNotAnswer notAnswered={notAnswered} />
            {standing.length === 0 ? (
              <Empty title="None yet">
                The broker subscribes the clients that one names, at once and whenever they connect.
              </Empty>
            ) : (
              <Table
                label="Standing subscriptions"
                class="standing-table"
                rows={standing}
                keyOf={({ broker, name }) => `${broker} ${name}`}
                columns={mayMake ? [...COLUMNS, actions(project, setDraft, setDeleting)] : COLUMNS}
                cardHeight={116}
              />
            )}
          </>
        )}
      </Shown>
      {draft !== undefined && (
        <StandingDialog project={project} draft={draft} onClose={() => setDraft(undefined)} onDone={reload} />
      )}
      {deleting !== undefined && (
        <DeleteDialog
          project={project}
          standing={deleting}
          onClose={() => setDeleting(undefined)}
          onDone={reload}
        />
      )}
    </>
  );
}

const COLUMNS: readonly Column<Standing>[] = [
  { name: 'name', title: 'Name', cell: ({ name }) => <b>{name}</b> },
  { name: 'broker', title: 'Broker', cell: ({ broker }) => broker },
  { name: 'select', title: 'Whom', cell: ({ select }) => <Whom select={select} /> },
  { name: 'topic', title: 'Topic', cell: ({ topic }) => <Id value={topic} /> },
  { name: 'qos', title: 'QoS', isNumber: true, cell: ({ qos }) => qos },
  {
    name: 'clients',
    title: 'Have it',
    isNumber: true,
    cell: ({ clients }) => (clients === 1 ? '1 client' : `${clients} clients`),
  },
  {
    name: 'made',
    title: 'Made',
    cell: ({ by, since }) => (
      <>
        <Time at={Date.parse(since)} /> <span class="muted">{by === undefined ? '' : `by ${by}`}</span>
      </>
    ),
  },
];

function Whom({ select }: { select: Standing['select'] }) {
  const parts = [
    ['client id', select.clientid],
    ['user name', select.username],
  ].filter(([, pattern]) => pattern !== undefined);
  return (
    <>
      {parts.map(([title, pattern], index) => (
        <span key={title} title={`${title ?? ''} ${pattern ?? ''}`}>
          {index > 0 && ' and '}
          <span class="muted">{title}</span> <code>{pattern}</code>
        </span>
      ))}
    </>
  );
}

function actions(
  project: string,
  onChange: (standing: Standing) => void,
  onDelete: (standing: Standing) => void,
): Column<Standing> {
  return {
    name: 'actions',
    title: 'Actions',
    cell: (standing) =>
      may('editor', project, standing.broker) && (
        <>
          <button type="button" class="plain" onClick={() => onChange(standing)}>
            Change…
          </button>
          <button type="button" class="plain" onClick={() => onDelete(standing)}>
            Lift…
          </button>
        </>
      ),
  };
}

/** Those of all brokers, side by side; who cannot tell is named. */
async function listAll(
  project: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<{ standing: Standing[]; notAnswered: NotAnsweredBroker[] }> {
  const standing: Standing[] = [];
  const notAnswered: NotAnsweredBroker[] = [];
  await Promise.all(
    ids.map(async (broker) => {
      try {
        const { data } = await api.listStandingSubscriptions({
          path: { projectId: project, brokerId: broker },
          query: { limit: PAGE },
          signal,
        });
        standing.push(...data.standingSubscriptions.map((each) => ({ ...each, broker })));
      } catch (error) {
        if (!(error instanceof ApiError) || error.code === 'UNAUTHORIZED') throw error;
        notAnswered.push({ project, broker, code: error.code, message: wordsOf(error) });
      }
    }),
  );
  standing.sort((one, other) => one.name.localeCompare(other.name) || one.broker.localeCompare(other.broker));
  return { standing, notAnswered };
}
