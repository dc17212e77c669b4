import type { AuditEntry } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import './audit.css';
import { api } from '../../api.js';
import { projectName } from '../../caller.js';
import { Id } from '../../components/id.js';
import { Empty, Failed, Shown } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { useTask } from '../../components/use-task.js';
import { useResource } from '../../resource.js';
import { address, changeQuery, queryOf } from '../../router.js';
import { auditQuery, outcomeOf, type AuditQuery } from './audit-query.js';
import { AuditFilters } from './audit-filters.js';
import { RecordDialog } from './record-dialog.js';

const PAGE = 200;

interface Page {
  readonly records: readonly AuditEntry[];
  readonly next: string | undefined;
  /** Where they come from, and how far back that goes. */
  readonly source: string | undefined;
  readonly oldest: string | undefined;
}

/** Who did what to which client, by the filters of the API, which stand in the address. */
export function AuditPage({ project }: { project: string }) {
  const query = auditQuery(address.value.query);
  const { resource, reload } = useResource(`audit/${project}/${JSON.stringify(query)}`, (signal) =>
    listPage(project, query, undefined, signal),
  );
  return (
    <>
      <header class="page-head">
        <h1>Audit</h1>
        <span class="muted">{projectName}</span>
        <button type="button" class="push" onClick={reload}>
          Look again
        </button>
      </header>
      <AuditFilters />
      <Shown resource={resource} again={reload}>
        {(page) => (
          <Records
            key={`${page.records[0]?.time ?? ''}/${JSON.stringify(query)}`}
            project={project}
            query={query}
            first={page}
          />
        )}
      </Shown>
      {queryOf('record') !== undefined && (
        <RecordDialog
          key={queryOf('record')}
          project={project}
          requestId={queryOf('record') ?? ''}
          onClose={() => changeQuery({ record: null })}
        />
      )}
    </>
  );
}

function Records({ project, query, first }: { project: string; query: AuditQuery; first: Page }) {
  const [pages, setPages] = useState<readonly Page[]>([first]);
  const { isBusy, error, run } = useTask();
  const records = pages.flatMap((page) => page.records);
  const last = pages.at(-1) ?? first;
  const more = async (): Promise<void> => {
    setPages([...pages, await listPage(project, query, last.next)]);
  };
  if (records.length === 0)
    return (
      <Empty title="No such record">
        Nothing was done that these filters are about. <Extent page={first} />
      </Empty>
    );
  return (
    <>
      <Table
        label="Records, the newest first"
        class="audit-table"
        rows={records}
        keyOf={({ time, requestId, index, broker, outcome }) =>
          `${time} ${requestId} ${index ?? ''} ${broker} ${outcome}`
        }
        columns={COLUMNS}
        cardHeight={108}
        onOpen={({ requestId }) => changeQuery({ record: requestId })}
      />
      <footer class="page-foot small muted">
        {records.length} records. <Extent page={first} />
        {last.next !== undefined && (
          <button type="button" class="push" disabled={isBusy} onClick={() => void run(more)}>
            Show older ones
          </button>
        )}
        {error !== undefined && <Failed error={error} />}
      </footer>
    </>
  );
}

function Extent({ page: { source, oldest } }: { page: Page }) {
  return (
    <span>
      From {wordsOfSource(source)}
      {oldest !== undefined && (
        <>
          , which goes back to <Time at={Date.parse(oldest)} />
        </>
      )}
      .
    </span>
  );
}

/** The store, and of which replica where each has its own: `memory; replica="cc-1"`. */
function wordsOfSource(source = 'the trail'): string {
  const [, store, replica] = /^(\w+); replica="(.+)"$/.exec(source) ?? [];
  return store === undefined ? source : `the ${store} of the replica ${replica ?? ''}`;
}

export const COLUMNS: readonly Column<AuditEntry>[] = [
  { name: 'time', title: 'When', cell: ({ time }) => <Time at={Date.parse(time)} /> },
  { name: 'caller', title: 'Who', cell: ({ caller }) => <span title={caller}>{caller}</span> },
  { name: 'action', title: 'What', cell: ({ action }) => action },
  {
    name: 'client',
    title: 'Client id',
    cell: (record) =>
      record.clientId === undefined ? <AboutMany record={record} /> : <Id value={record.clientId} />,
  },
  { name: 'broker', title: 'Broker', cell: ({ broker }) => (broker as string | undefined) ?? 'all' },
  {
    name: 'topic',
    title: 'Topic',
    cell: ({ topic }) => topic !== undefined && <Id value={topic} copy={false} />,
  },
  {
    name: 'outcome',
    title: 'Outcome',
    cell: (record) => {
      const { kind, words } = outcomeOf(record);
      return <Status kind={kind}>{words}</Status>;
    },
  },
  { name: 'reason', title: 'Why', cell: ({ reason }) => <span title={reason}>{reason}</span> },
];

/** What an action was about that is not about one client. */
function AboutMany({ record: { details } }: { record: AuditEntry }) {
  if (details === undefined) return null;
  const { summary, as, who, name } = details;
  const words = [as, who, name].filter((part) => typeof part === 'string').join(' ');
  if (words === '' && typeof summary === 'object' && summary !== null && 'total' in summary)
    return <span class="muted">{String(summary.total)} items</span>;
  return <span title={words}>{words}</span>;
}

async function listPage(
  projectId: string,
  query: AuditQuery,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<Page> {
  const { data, response } = await api.listAuditRecords({
    path: { projectId },
    query: { ...query, limit: PAGE, ...(cursor !== undefined && { cursor }) },
    ...(signal && { signal }),
  });
  const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
  return {
    records: data,
    next: header('X-Next-Cursor'),
    source: header('X-Audit-Source'),
    oldest: header('X-Audit-Oldest'),
  };
}
