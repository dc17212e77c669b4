import type { FoundClientInfo, NotAnsweredBroker } from '@mqtt-client-control/client';
import { useEffect, useMemo, useState } from 'preact/hooks';
import './find.css';
import { writeClientRef } from '../../address.js';
import { projects } from '../../caller.js';
import { Empty, Failed, Loading, SomeDidNotAnswer } from '../../components/states.js';
import { Table, type Column } from '../../components/table.js';
import { useEvents } from '../../live.js';
import { changeQuery, queryOf } from '../../router.js';
import { token } from '../../session.js';
import { CLIENT_COLUMNS } from '../clients/client-columns.js';
import { Finder } from './finder.js';

/** One question over all brokers that the caller may see; answers are listed as they come. */
export function FindPage() {
  const asked = queryOf('q') ?? '';
  const [round, setRound] = useState(0);
  const finder = useMemo(() => new Finder(asked), [asked, round, token.value]);
  useEffect(() => {
    const controller = new AbortController();
    if (asked !== '') void finder.find(controller.signal);
    return () => controller.abort();
  }, [finder]);
  useEvents((event) => finder.apply(event));
  return (
    <>
      <header class="page-head">
        <h1>Find</h1>
        {asked !== '' && <FoundCount finder={finder} asked={asked} />}
      </header>
      {asked === '' ? (
        <Empty title="Find a client">
          By its client id, user name or address, on all brokers: press <kbd>/</kbd> and type. <kbd>*</kbd>{' '}
          stands for any characters.
        </Empty>
      ) : (
        <Found key={round} finder={finder} again={() => setRound((count) => count + 1)} />
      )}
    </>
  );
}

function FoundCount({ finder, asked }: { finder: Finder; asked: string }) {
  const count = finder.found.length.toLocaleString('en');
  return (
    <span class="muted" role="status">
      {finder.isAsking.value ? `${count} so far` : count} for <b>{asked}</b>
      {finder.isCut.value && ', the first of them'}
    </span>
  );
}

function Found({ finder, again }: { finder: Finder; again: () => void }) {
  const rows = finder.found;
  const notAnswered: readonly NotAnsweredBroker[] = finder.notAnswered.value;
  if (rows.length === 0) {
    if (finder.isAsking.value) return <Loading rows={4} />;
    if (finder.error.value !== undefined) return <Failed error={finder.error.value} again={again} />;
    return (
      <>
        <SomeDidNotAnswer notAnswered={notAnswered} />
        <Empty
          title={notAnswered.length > 0 ? 'No such client on the brokers that answered' : 'No such client'}
        >
          Looked for as a client id, a user name and an address. It may have been connected to a broker that
          this service does not know.
        </Empty>
      </>
    );
  }
  return (
    <>
      <SomeDidNotAnswer notAnswered={notAnswered} />
      {finder.error.value !== undefined && <Failed error={finder.error.value} again={again} />}
      <Table
        label="Clients that were found"
        class="found-table"
        takesFocus
        rows={rows}
        keyOf={writeClientRef}
        columns={
          (projects.value?.length ?? 0) > 1 ? COLUMNS : COLUMNS.filter(({ name }) => name !== 'project')
        }
        onOpen={(client) =>
          changeQuery({ open: writeClientRef(client) }, { replace: queryOf('open') !== undefined })
        }
        isOpen={(client) => queryOf('open') === writeClientRef(client)}
      />
    </>
  );
}

const SHOWN = ['clientid', 'state', 'username', 'address', 'broker', 'since'];

const COLUMNS: readonly Column<FoundClientInfo>[] = [
  ...SHOWN.flatMap((name) => CLIENT_COLUMNS.find((column) => column.name === name) ?? []).map((column) => ({
    ...column,
    sorts: false,
  })),
  { name: 'project', title: 'Project', cell: ({ project }) => project },
];
