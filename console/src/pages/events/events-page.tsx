import { useState } from 'preact/hooks';
import './events.css';
import { writeClientRef } from '../../address.js';
import { brokers } from '../../brokers.js';
import { projectName } from '../../caller.js';
import { Id } from '../../components/id.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table, type Column } from '../../components/table.js';
import { eventLog, type LogLine } from '../../event-log.js';
import { globMatches } from '../../glob.js';
import { liveState } from '../../live.js';
import { changeQuery, queryOf } from '../../router.js';
import { absolute, clock } from '../../times.js';
import { KINDS, wordsOfEvent } from './event-words.js';

const STREAM = {
  lost: { kind: 'busy', word: 'stream', sentence: 'The connection to the service was lost. Trying again.' },
  back: {
    kind: 'ok',
    word: 'stream',
    sentence: 'Connected again. What was missed follows, or a gap says so.',
  },
} as const;

const wordsOf = (line: LogLine) => ('event' in line ? wordsOfEvent(line.event) : STREAM[line.stream]);
const clientOf = (line: LogLine): string | undefined =>
  'event' in line && 'clientid' in line.event ? line.event.clientid : undefined;
const brokerOf = (line: LogLine): string | undefined =>
  'event' in line && 'broker' in line.event ? line.event.broker : undefined;

const COLUMNS: readonly Column<LogLine>[] = [
  { name: 'time', title: 'Time', cell: ({ at }) => <time title={absolute(at)}>{clock(at)}</time> },
  {
    name: 'what',
    title: 'What',
    cell: (line) => <Status kind={wordsOf(line).kind}>{wordsOf(line).word}</Status>,
  },
  {
    name: 'client',
    title: 'Client id',
    cell: (line) => {
      const id = clientOf(line);
      return id === undefined ? null : <Id value={id} />;
    },
  },
  { name: 'broker', title: 'Broker', cell: brokerOf },
  {
    name: 'words',
    title: 'In words',
    cell: (line) => <span title={wordsOf(line).sentence}>{wordsOf(line).sentence}</span>,
  },
];

/** What happens in a project, as it happens: a log that can be held still. */
export function EventsPage({ project }: { project: string }) {
  const [held, setHeld] = useState<readonly LogLine[] | undefined>(undefined);
  const all = eventLog.value;
  const lines = (held ?? all).filter(isWanted());
  const waiting =
    held === undefined ? 0 : all.filter(({ key }) => key > (held[0]?.key ?? 0)).filter(isWanted()).length;
  return (
    <>
      <header class="page-head">
        <h1>Events</h1>
        <span class="muted">{projectName}</span>
        <Filters />
        <button
          type="button"
          class="push"
          aria-pressed={held !== undefined}
          onClick={() => setHeld(held === undefined ? all : undefined)}
        >
          {held === undefined ? 'Hold still' : waiting === 0 ? 'Go on' : `Go on (${waiting} new)`}
        </button>
      </header>
      {lines.length === 0 ? (
        <Nothing />
      ) : (
        <Table
          label="Events, the newest first"
          class="events-table"
          rows={lines}
          keyOf={({ key }) => String(key)}
          columns={COLUMNS}
          cardHeight={72}
          onOpen={(line) => {
            const [clientid, broker] = [clientOf(line), brokerOf(line)];
            if (clientid !== undefined && broker !== undefined)
              changeQuery({ open: writeClientRef({ project, broker, clientid }) });
          }}
        />
      )}
    </>
  );
}

function isWanted(): (line: LogLine) => boolean {
  const [type, broker, clientid] = [queryOf('type'), queryOf('broker'), queryOf('clientid')];
  return (line) => {
    // What became of the stream concerns every filter, and so does what was missed.
    if (!('event' in line) || line.event.type === 'gap') return true;
    if (type !== undefined && line.event.type !== type) return false;
    if (broker !== undefined && brokerOf(line) !== broker) return false;
    return clientid === undefined || globMatches(clientid, clientOf(line) ?? '');
  };
}

function Filters() {
  return (
    <form
      class="filters"
      role="search"
      aria-label="Narrow the events"
      onSubmit={(event) => event.preventDefault()}
    >
      <select
        aria-label="What"
        value={queryOf('type') ?? ''}
        onChange={({ currentTarget }) => changeQuery({ type: currentTarget.value }, { replace: true })}
      >
        <option value="">everything</option>
        {KINDS.filter(({ type }) => type !== 'gap').map(({ type, title }) => (
          <option key={type} value={type}>
            {title}
          </option>
        ))}
      </select>
      <select
        aria-label="Broker"
        value={queryOf('broker') ?? ''}
        onChange={({ currentTarget }) => changeQuery({ broker: currentTarget.value }, { replace: true })}
      >
        <option value="">all brokers</option>
        {brokers.value?.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Client id"
        placeholder="client id, * and ?"
        value={queryOf('clientid') ?? ''}
        onInput={({ currentTarget }) => changeQuery({ clientid: currentTarget.value }, { replace: true })}
      />
    </form>
  );
}

function Nothing() {
  if (liveState.value === 'live')
    return <Empty title="Quiet so far">What happens from now on is written here as it happens.</Empty>;
  return <Empty title="Not connected">The events do not arrive; trying again.</Empty>;
}
