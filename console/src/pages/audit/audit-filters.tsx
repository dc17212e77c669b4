import { useEffect, useState } from 'preact/hooks';
import { brokers } from '../../brokers.js';
import { FilterChip } from '../../components/chips.js';
import { address, changeQuery, queryOf } from '../../router.js';
import { ACTIONS, TEXT_FILTERS } from './audit-query.js';

const TITLES: Readonly<Record<string, string>> = {
  clientid: 'client id',
  caller: 'who',
  outcome: 'outcome',
  requestId: 'request',
  callId: 'call',
};

/** The filters of the API: what is chosen stands in the address, and as chips below where it has no field of its own. */
export function AuditFilters() {
  return (
    <>
      <div class="filters audit-filters" role="search" aria-label="Narrow the records">
        <TextFilter name="clientid" placeholder="client id" />
        <TextFilter name="caller" placeholder="who" />
        <ChoiceFilter
          name="action"
          label="What"
          none="everything"
          choices={ACTIONS.map((each) => [each, each])}
        />
        <ChoiceFilter
          name="broker"
          label="Broker"
          none="all brokers"
          choices={(brokers.value ?? []).map(({ id, name }) => [id, name])}
        />
        <TextFilter name="outcome" placeholder="outcome" />
        <TimeFilter name="from" label="from" />
        <TimeFilter name="to" label="to" />
        <label class="choice">
          <input
            type="checkbox"
            checked={queryOf('started') === 'true'}
            onChange={({ currentTarget }) =>
              changeQuery({ started: currentTarget.checked ? 'true' : null }, { replace: true })
            }
          />
          also what was begun
        </label>
      </div>
      <Chips />
    </>
  );
}

/** Filters that a link brought along. */
function Chips() {
  const set = TEXT_FILTERS.slice(3).filter((key) => address.value.query.has(key));
  if (set.length === 0) return null;
  return (
    <ul class="filters chips">
      {set.map((key) => (
        <FilterChip
          key={key}
          name={TITLES[key] ?? key}
          value={queryOf(key) ?? ''}
          onRemove={() => changeQuery({ [key]: null })}
        />
      ))}
    </ul>
  );
}

/** Takes effect with Enter, or when it is left. */
function TextFilter({ name, placeholder }: { name: string; placeholder: string }) {
  const set = queryOf(name) ?? '';
  const [text, setText] = useState(set);
  useEffect(() => setText(set), [set]);
  const apply = (): void => {
    if (text !== set) changeQuery({ [name]: text });
  };
  return (
    <input
      type="search"
      aria-label={TITLES[name] ?? name}
      placeholder={placeholder}
      value={text}
      onInput={({ currentTarget }) => setText(currentTarget.value)}
      onKeyDown={({ key }) => key === 'Enter' && apply()}
      onBlur={apply}
    />
  );
}

function ChoiceFilter({
  name,
  label,
  none,
  choices,
}: {
  name: string;
  label: string;
  none: string;
  choices: readonly (readonly string[])[];
}) {
  return (
    <select
      aria-label={label}
      value={queryOf(name) ?? ''}
      onChange={({ currentTarget }) => changeQuery({ [name]: currentTarget.value })}
    >
      <option value="">{none}</option>
      {choices.map(([value = '', title = '']) => (
        <option key={value} value={value}>
          {title}
        </option>
      ))}
    </select>
  );
}

function TimeFilter({ name, label }: { name: string; label: string }) {
  const set = queryOf(name);
  const at = set === undefined ? Number.NaN : Date.parse(set);
  const local = Number.isNaN(at)
    ? ''
    : new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  return (
    <label class="row small muted">
      {label}
      <input
        type="datetime-local"
        value={local}
        onChange={({ currentTarget: { value } }) =>
          changeQuery({ [name]: value === '' ? null : new Date(value).toISOString() })
        }
      />
    </label>
  );
}
