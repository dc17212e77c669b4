import type { BrokerBanInfo } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import './bans.css';
import { api } from '../../api.js';
import { may, projectName } from '../../caller.js';
import { Icon } from '../../components/icon.js';
import { Id } from '../../components/id.js';
import { Empty, Shown, SomeDidNotAnswer } from '../../components/states.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { useEvents } from '../../live.js';
import { useResource } from '../../resource.js';
import { BanDialog, type BanDraft } from './ban-dialog.js';
import { BAN_KINDS } from './ban-kinds.js';
import { LiftDialog } from './lift-dialog.js';
import { MatchCount } from './matching.js';

const MOST = 1000;

/** Who is kept out: how long, how many that concerns, who did it and why. */
export function BansPage({ project }: { project: string }) {
  const { resource, reload } = useResource(`bans/${project}`, async (signal) => {
    const path = { projectId: project };
    const { data, response } = await api.listBansOfProject({ path, query: { limit: MOST }, signal });
    return { ...data, hasMore: response.headers.has('X-Next-Cursor') };
  });
  useEvents(({ type }) => type === 'ban' && reload());
  const [draft, setDraft] = useState<BanDraft | undefined>(undefined);
  const [lifting, setLifting] = useState<BrokerBanInfo | undefined>(undefined);
  const mayBan = may('editor', project);
  return (
    <>
      <header class="page-head">
        <h1>Bans</h1>
        <span class="muted">{projectName}</span>
        {mayBan && (
          <button type="button" class="push" onClick={() => setDraft({ as: 'clientid' })}>
            <Icon name="plus" />
            New ban…
          </button>
        )}
      </header>
      <Shown resource={resource} again={reload} rows={5}>
        {({ bans, notAnswered, hasMore }) => (
          <>
            <SomeDidNotAnswer notAnswered={notAnswered} />
            {bans.length === 0 ? (
              <Empty title="Nobody is kept out">A ban refuses clients by id, user name or address.</Empty>
            ) : (
              <Table
                label="Bans, the newest first"
                class="bans-table"
                rows={bans}
                keyOf={({ broker, as, who }) => `${broker} ${as} ${who}`}
                columns={[
                  ...COLUMNS,
                  {
                    name: 'matches',
                    title: 'Matches',
                    cell: (ban) => <MatchCount project={project} {...ban} />,
                  },
                  ...(mayBan ? [actions(project, setDraft, setLifting)] : []),
                ]}
                cardHeight={116}
              />
            )}
            {hasMore && (
              <p class="muted note">
                There are more: of each broker, these are the newest {MOST}. <code>client-control bans</code>{' '}
                lists all.
              </p>
            )}
          </>
        )}
      </Shown>
      {draft !== undefined && (
        <BanDialog project={project} draft={draft} onClose={() => setDraft(undefined)} onDone={reload} />
      )}
      {lifting !== undefined && (
        <LiftDialog project={project} ban={lifting} onClose={() => setLifting(undefined)} onDone={reload} />
      )}
    </>
  );
}

const COLUMNS: readonly Column<BrokerBanInfo>[] = [
  { name: 'as', title: 'By', cell: ({ as }) => BAN_KINDS[as].title },
  { name: 'who', title: 'Who', cell: ({ who }) => <Id value={who} /> },
  { name: 'broker', title: 'Broker', cell: ({ broker }) => broker },
  {
    name: 'until',
    title: 'Ends',
    cell: ({ until }) => (until === null ? 'when it is lifted' : <Time at={Date.parse(until)} />),
  },
  { name: 'why', title: 'Why', cell: ({ reason }) => <span title={reason}>{reason ?? '–'}</span> },
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

function actions(
  project: string,
  onChange: (draft: BanDraft) => void,
  onLift: (ban: BrokerBanInfo) => void,
): Column<BrokerBanInfo> {
  return {
    name: 'actions',
    title: 'Actions',
    cell: (ban) =>
      may('editor', project, ban.broker) && (
        <>
          <button type="button" class="plain" onClick={() => onChange({ ...ban, isThere: true })}>
            Change…
          </button>
          <button type="button" class="plain" onClick={() => onLift(ban)}>
            Lift…
          </button>
        </>
      ),
  };
}
