import type { BrokerInfo, FoundClientInfo } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import '../../acting/acting.css';
import { whyNone, whyNot } from '../../acting/abilities.js';
import { ActDialog, brokersOf } from '../../acting/act-dialog.js';
import { VERBS, type IntentKind, type Whom } from '../../acting/intent.js';
import { Icon } from '../../components/icon.js';
import { useKeys } from '../../keys.js';
import { escapeGlob } from '../../glob.js';
import { StandingDialog } from '../standing/standing-dialog.js';
import { countOf, type Choice } from './choice.js';
import { inWords, toSelection, type Filters } from './filters.js';

interface ActionBarProps {
  readonly project: string;
  readonly filters: Filters;
  readonly choice: Choice;
  readonly listed: readonly FoundClientInfo[];
  readonly onClear: () => void;
}

const KINDS: readonly IntentKind[] = ['disconnect', 'subscribe', 'unsubscribe', 'move', 'ban'];

/** What can be done to those that are chosen; not there while nobody is. */
export function ActionBar(props: ActionBarProps) {
  return countOf(props.choice) === 0 ? null : <Bar {...props} />;
}

function Bar({ project, filters, choice, listed, onClear }: ActionBarProps) {
  const [acting, setActing] = useState<IntentKind | undefined>(undefined);
  useKeys({ Escape: onClear });
  const count = countOf(choice);
  const whom = whomOf(project, filters, choice);
  const able = brokersOf(whom);
  return (
    <div class="action-bar" role="region" aria-label="What to do to the chosen">
      <span class="who">
        <b>{count.toLocaleString('en')}</b> {count === 1 ? 'client' : 'clients'}
        {choice.kind === 'matching' && <span class="muted">: {inWords(filters) || 'all of them'}</span>}
      </span>
      <div class="actions">
        {KINDS.map((kind) => (
          <ActButton key={kind} kind={kind} brokers={able} onAct={() => setActing(kind)} />
        ))}
        <StandingButton project={project} filters={filters} choice={choice} brokers={able} />
      </div>
      <button type="button" class="icon" aria-label="Choose nobody" onClick={onClear}>
        <Icon name="close" />
      </button>
      {acting !== undefined && (
        <ActDialog
          kind={acting}
          // A ban names its client: those that are listed, each.
          whom={acting === 'ban' ? listedOf(project, choice, listed) : whom}
          onClose={() => setActing(undefined)}
        />
      )}
    </div>
  );
}

function ActButton({
  kind,
  brokers,
  onAct,
}: {
  kind: IntentKind;
  brokers: readonly BrokerInfo[];
  onAct: () => void;
}) {
  const why = whyNone(brokers, (broker) => whyNot(broker, kind));
  return (
    <button
      type="button"
      aria-disabled={why !== undefined}
      title={why}
      onClick={() => why === undefined && onAct()}
    >
      {VERBS[kind].now}…{why !== undefined && <span class="unseen">: {why}</span>}
    </button>
  );
}

/** A standing subscription is for a filter of ids and user names, or for one client, on one broker. */
function StandingButton({
  project,
  filters,
  choice,
  brokers,
}: {
  project: string;
  filters: Filters;
  choice: Choice;
  brokers: readonly BrokerInfo[];
}) {
  const [isOpen, setOpen] = useState(false);
  const select = standingSelect(filters, choice);
  const [broker] = brokers;
  if (select === undefined || broker === undefined || brokers.length > 1) return null;
  const why = whyNot(broker, 'standing');
  return (
    <>
      <button
        type="button"
        aria-disabled={why !== undefined}
        title={why}
        onClick={() => setOpen(why === undefined)}
      >
        Standing…
        {why !== undefined && <span class="unseen">: {why}</span>}
      </button>
      {isOpen && (
        <StandingDialog
          project={project}
          draft={{ broker: broker.id, select }}
          onClose={() => setOpen(false)}
          onDone={() => undefined}
        />
      )}
    </>
  );
}

function standingSelect({ clientid, username }: Filters, choice: Choice) {
  if (choice.kind === 'rows') {
    const [only, ...others] = choice.rows.values();
    return only === undefined || others.length > 0 ? undefined : { clientid: escapeGlob(only.clientid) };
  }
  if (clientid === undefined && username === undefined) return undefined;
  return { ...(clientid !== undefined && { clientid }), ...(username !== undefined && { username }) };
}

function whomOf(project: string, filters: Filters, choice: Choice): Whom {
  if (choice.kind === 'rows')
    return { kind: 'clients', projectId: project, clients: refs([...choice.rows.values()]) };
  const select = toSelection(filters);
  return {
    kind: 'matching',
    projectId: project,
    brokerId: filters.broker,
    // The API takes no empty selection for everybody.
    select: Object.keys(select).length === 0 ? { clientid: '*' } : select,
    words: inWords(filters),
  };
}

function listedOf(project: string, choice: Choice, listed: readonly FoundClientInfo[]): Whom {
  const clients =
    choice.kind === 'rows' ? [...choice.rows.values()] : listed.filter(({ control }) => control !== true);
  return { kind: 'clients', projectId: project, clients: refs(clients) };
}

function refs(clients: readonly FoundClientInfo[]) {
  return clients.map(({ broker, clientid }) => ({ broker, clientid }));
}
