import type { FoundClientInfo } from '@mqtt-client-control/client';
import { useEffect, useMemo, useState } from 'preact/hooks';
import './clients.css';
import { writeClientRef } from '../../address.js';
import { may } from '../../caller.js';
import { Icon } from '../../components/icon.js';
import { Empty, Failed, Loading, SomeDidNotAnswer } from '../../components/states.js';
import { Table, type Ticks } from '../../components/table.js';
import { useEvents } from '../../live.js';
import type { PageProps } from '../../pages.js';
import { address, changeQuery, queryOf } from '../../router.js';
import { token } from '../../session.js';
import { now } from '../../times.js';
import { ActionBar } from './action-bar.js';
import { isChosen, NOBODY, withRow, type Choice } from './choice.js';
import { CLIENT_COLUMNS } from './client-columns.js';
import { keyOf, type Sorting } from './client-rows.js';
import { ClientsModel, MOST } from './clients-model.js';
import { FilterBar } from './filter-bar.js';
import { readFilters, type Filters } from './filters.js';

/** The clients of a project, or of one broker of it: live, filtered by the address, and what can be done to them. */
export function ClientsPage({ project }: PageProps) {
  const filters = readFilters(address.value.query);
  const [round, setRound] = useState(0);
  const [choice, setChoice] = useState<Choice>(NOBODY);
  const key = JSON.stringify([project, filters, round, token.value]);
  const model = useClients(key, project, filters);
  useEffect(() => setChoice(NOBODY), [key]);
  return (
    <>
      <Head model={model} filters={filters} again={() => setRound((count) => count + 1)} />
      <SomeDidNotAnswer notAnswered={model.notAnswered.value} />
      <List
        key={key}
        model={model}
        filters={filters}
        choice={choice}
        onChoice={setChoice}
        mayAct={may('editor', project, filters.broker)}
        again={() => setRound((count) => count + 1)}
      />
      <ActionBar
        project={project}
        filters={filters}
        choice={choice}
        listed={model.rows.all}
        onClear={() => setChoice(NOBODY)}
      />
    </>
  );
}

function sortingOf(text: string | undefined): Sorting | undefined {
  if (text === undefined) return undefined;
  return text.startsWith('-') ? { by: text.slice(1), down: true } : { by: text, down: false };
}

function useClients(key: string, project: string, filters: Filters): ClientsModel {
  const sorting = sortingOf(queryOf('sort'));
  const model = useMemo(() => new ClientsModel(project, filters, sorting), [key]);
  useEffect(() => {
    const controller = new AbortController();
    void model.read(controller.signal);
    return () => controller.abort();
  }, [model]);
  useEffect(() => {
    if (sorting !== undefined) model.sort(sorting);
  }, [queryOf('sort')]);
  useEvents((event) => model.apply(event));
  return model;
}

function Head({ model, filters, again }: { model: ClientsModel; filters: Filters; again: () => void }) {
  return (
    <header class="page-head">
      <h1>Clients</h1>
      <Count model={model} />
      <FilterBar filters={filters} />
      <button
        type="button"
        class="icon push"
        aria-label="Read the list again"
        title="Read the list again"
        onClick={again}
      >
        <Icon name="again" />
      </button>
    </header>
  );
}

/** How many are listed; said aloud when the list is complete. */
function Count({ model }: { model: ClientsModel }) {
  const count = model.drawn.length.toLocaleString('en');
  switch (model.state.value) {
    case 'reading':
      return <span class="muted">{count} …</span>;
    case 'cut':
      return <span class="warn">the first {MOST.toLocaleString('en')}; narrow the list</span>;
    case 'read':
    case 'failed':
      return (
        <span class="muted" role="status">
          {count}
        </span>
      );
  }
}

interface ListProps {
  readonly model: ClientsModel;
  readonly filters: Filters;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
  readonly mayAct: boolean;
  readonly again: () => void;
}

function List({ model, filters, choice, onChoice, mayAct, again }: ListProps) {
  const rows = model.drawn;
  const state = model.state.value;
  if (rows.length === 0) {
    if (state === 'reading') return <Loading rows={12} />;
    if (state === 'failed') return <Failed error={model.error.value} again={again} />;
    return <NoClients filters={filters} isPartial={model.notAnswered.value.length > 0} />;
  }
  const ticks: Ticks<FoundClientInfo> | undefined = mayAct
    ? {
        has: (row) => isChosen(choice, row),
        set: (row, isOn) => row.control !== true && onChoice(withRow(choice, row, isOn, rows)),
        all: choice.kind === 'matching',
        setAll: (isOn) => onChoice(isOn ? { kind: 'matching', count: matchingOf(rows) } : NOBODY),
      }
    : undefined;
  const sorting = sortingOf(queryOf('sort'));
  return (
    <>
      {state === 'failed' && <Failed error={model.error.value} again={again} />}
      {sorting !== undefined && model.rows.unsorted > 0 && (
        <div class="news">
          <button type="button" class="link" onClick={() => model.sortAgain()}>
            {model.rows.unsorted} came and stand at the end: sort again
          </button>
        </div>
      )}
      <Table
        label="Clients"
        class={ticks === undefined ? 'clients-table no-ticks' : 'clients-table'}
        rows={rows}
        keyOf={keyOf}
        nameOf={({ clientid }) => clientid}
        columns={CLIENT_COLUMNS}
        ticks={ticks}
        sorting={sorting}
        onSort={(by) =>
          changeQuery({ sort: sorting?.by === by && !sorting.down ? `-${by}` : by }, { replace: true })
        }
        onOpen={(client) =>
          changeQuery({ open: writeClientRef(client) }, { replace: queryOf('open') !== undefined })
        }
        isOpen={(client) => queryOf('open') === writeClientRef(client)}
        markOf={(client) => model.rows.markOf(client, now.value)}
      />
    </>
  );
}

/** Those that a selection may concern: control connections are never among them. */
function matchingOf(rows: readonly FoundClientInfo[]): number {
  return rows.reduce((count, { control }) => (control === true ? count : count + 1), 0);
}

function NoClients({ filters, isPartial }: { filters: Filters; isPartial: boolean }) {
  if (isPartial) return <Empty title="No client on the brokers that answered" />;
  return Object.keys(filters).length === 0 ? (
    <Empty title="No client yet">Devices that connect appear here by themselves.</Empty>
  ) : (
    <Empty title="No client matches">
      Take a filter away, or find the client over all projects with the key <kbd>/</kbd>.
    </Empty>
  );
}
