import type { ItemOutcome } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import { ActDialog } from '../../acting/act-dialog.js';
import type { Whom } from '../../acting/intent.js';
import { outcomeOf } from '../../acting/outcome-words.js';
import type { Tally } from '../../acting/run.js';
import { writeClientRef } from '../../address.js';
import { may } from '../../caller.js';
import { Id } from '../../components/id.js';
import { Status } from '../../components/status.js';
import { Table, type Column } from '../../components/table.js';
import { changeQuery } from '../../router.js';
import { seconds } from '../../times.js';

type Shown = 'all' | ItemOutcome['outcome'] | 'came-back';
/** How many ended how, and how many came back. */
export interface Counts extends Tally {
  readonly cameBack: number;
}

export function tallyOf(items: readonly ItemOutcome[]): Counts {
  const count = (outcome: ItemOutcome['outcome']) => items.filter((item) => item.outcome === outcome).length;
  return {
    done: count('done'),
    failed: count('failed'),
    notSent: count('not-sent'),
    unknown: count('unknown'),
    cameBack: 0,
  };
}

/** Each client with its outcome in words, and those of one outcome alone. */
export function CallItems({
  items,
  tally,
  cameBack,
  project,
}: {
  items: readonly ItemOutcome[];
  tally: Counts;
  cameBack: ReadonlyMap<string, number>;
  project: string;
}) {
  const [shown, setShown] = useState<Shown>('all');
  const [banning, setBanning] = useState<Whom | undefined>(undefined);
  const kinds: readonly (readonly [Shown, string, number])[] = [
    ['all', 'all', items.length],
    ['done', 'done', tally.done],
    ['failed', 'failed', tally.failed],
    ['not-sent', 'not sent', tally.notSent],
    ['unknown', 'unknown', tally.unknown],
    ['came-back', 'came back', tally.cameBack],
  ];
  const backOf = ({ broker, clientid }: ItemOutcome) => cameBack.get(`${broker ?? ''}/${clientid ?? ''}`);
  const rows =
    shown === 'all'
      ? items
      : items.filter((item) => (shown === 'came-back' ? backOf(item) !== undefined : item.outcome === shown));
  const ban = (item: ItemOutcome) =>
    setBanning({
      kind: 'clients',
      projectId: project,
      clients: [{ broker: item.broker ?? '', clientid: item.clientid ?? '' }],
    });
  return (
    <>
      <div class="page-head tally" role="group" aria-label="Show those of one outcome">
        {kinds.map(([kind, words, count]) =>
          count === 0 && kind !== 'all' ? null : (
            <button key={kind} type="button" aria-pressed={shown === kind} onClick={() => setShown(kind)}>
              {words} <b>{count.toLocaleString('en')}</b>
            </button>
          ),
        )}
      </div>
      <Table
        label="What became of each"
        class="call-table"
        rows={rows}
        keyOf={({ index, broker, clientid, action }) =>
          `${index}/${broker ?? ''}/${action ?? ''}/${clientid ?? ''}`
        }
        columns={columns(backOf, may('editor', project) ? ban : undefined)}
        cardHeight={64}
        onOpen={({ broker, clientid }) =>
          broker !== undefined &&
          clientid !== undefined &&
          changeQuery({ open: writeClientRef({ project, broker, clientid }) }, { replace: true })
        }
      />
      {banning !== undefined && <ActDialog whom={banning} kind="ban" onClose={() => setBanning(undefined)} />}
    </>
  );
}

function columns(
  backOf: (item: ItemOutcome) => number | undefined,
  ban: ((item: ItemOutcome) => void) | undefined,
): Column<ItemOutcome>[] {
  return [
    { name: 'clientid', title: 'Client id', cell: ({ clientid }) => <Id value={clientid ?? '–'} /> },
    { name: 'broker', title: 'Broker', cell: ({ broker }) => broker ?? '–' },
    { name: 'action', title: 'Action', cell: ({ action }) => action ?? '–' },
    {
      name: 'outcome',
      title: 'Outcome',
      cell: (item) => {
        const { kind, words } = outcomeOf(item);
        const back = backOf(item);
        return (
          <span title={words}>
            <Status kind={kind}>{words}</Status>
            {back !== undefined && (
              <span class="came-back">
                {' '}
                came back after {seconds(back)}
                {ban !== undefined && (
                  <>
                    {': '}
                    <button type="button" class="link" onClick={() => ban(item)}>
                      ban it?
                    </button>
                  </>
                )}
              </span>
            )}
          </span>
        );
      },
    },
  ];
}
