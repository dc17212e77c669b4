import type { FoundClientInfo } from '@mqtt-client-control/client';
import { useKeys } from '../../keys.js';
import { countOf, type Choice } from './choice.js';
import { inWords, type Filters } from './filters.js';

/** What can be done to those that are chosen. */
export function ActionBar({
  filters,
  choice,
  onClear,
}: {
  project: string;
  filters: Filters;
  choice: Choice;
  listed: readonly FoundClientInfo[];
  onClear: () => void;
}) {
  const count = countOf(choice);
  return count === 0 ? null : <Bar filters={filters} count={count} choice={choice} onClear={onClear} />;
}

function Bar({
  filters,
  count,
  choice,
  onClear,
}: {
  filters: Filters;
  count: number;
  choice: Choice;
  onClear: () => void;
}) {
  useKeys({ Escape: onClear });
  return (
    <div class="action-bar" role="region" aria-label="What to do to the chosen">
      <span>
        <b>{count.toLocaleString('en')}</b> {count === 1 ? 'client' : 'clients'}
        {choice.kind === 'matching' && <span class="muted"> {inWords(filters) || 'all of them'}</span>}
      </span>
    </div>
  );
}
