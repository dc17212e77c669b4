import { useState } from 'preact/hooks';
import { brokers } from '../../brokers.js';
import { FilterChip } from '../../components/chips.js';
import { Icon } from '../../components/icon.js';
import { changeQuery } from '../../router.js';
import { FILTERS, type FilterName, type Filters } from './filters.js';

const NAMES = Object.keys(FILTERS) as FilterName[];

/** What the list is narrowed by, as chips; everything is in the address. */
export function FilterBar({ filters }: { filters: Filters }) {
  const [isAdding, setAdding] = useState(false);
  const set = NAMES.filter((name) => filters[name] !== undefined);
  return (
    <div class="filters">
      <ul class="row" aria-label="Filters">
        {set.map((name) => (
          <FilterChip
            key={name}
            name={FILTERS[name]}
            value={shown(name, filters[name] ?? '')}
            onRemove={() => changeQuery({ [name]: null })}
          />
        ))}
      </ul>
      {isAdding ? (
        <AddFilter onEnd={() => setAdding(false)} free={NAMES.filter((name) => !set.includes(name))} />
      ) : (
        <button type="button" class="chip" onClick={() => setAdding(true)}>
          <Icon name="plus" />
          Filter
        </button>
      )}
      {set.length > 1 && (
        <button
          type="button"
          class="link small"
          onClick={() => changeQuery(Object.fromEntries(NAMES.map((name) => [name, null])))}
        >
          Clear
        </button>
      )}
    </div>
  );
}

function shown(name: FilterName, value: string): string {
  if (name === 'connected') return value === 'true' ? 'yes' : 'no';
  return value;
}

function AddFilter({ free, onEnd }: { free: readonly FilterName[]; onEnd: () => void }) {
  const [name, setName] = useState<FilterName>(
    free.includes('clientid') ? 'clientid' : (free[0] ?? 'clientid'),
  );
  const [value, setValue] = useState('');
  const add = (chosen: string) => {
    if (chosen.trim() !== '') changeQuery({ [name]: chosen.trim() });
    onEnd();
  };
  return (
    <form
      class="add-filter"
      onSubmit={(event) => {
        event.preventDefault();
        add(value);
      }}
      onKeyDown={(event) => event.key === 'Escape' && onEnd()}
    >
      <select
        aria-label="Filter by"
        value={name}
        onChange={({ currentTarget }) => {
          setName(currentTarget.value as FilterName);
          setValue('');
        }}
      >
        {free.map((each) => (
          <option key={each} value={each}>
            {FILTERS[each]}
          </option>
        ))}
      </select>
      <Value name={name} value={value} onValue={setValue} onChosen={add} />
      <button type="submit" class="icon" aria-label="Add the filter">
        <Icon name="check" />
      </button>
    </form>
  );
}

const CHOICES: Readonly<Partial<Record<FilterName, readonly (readonly [string, string])[]>>> = {
  connected: [
    ['true', 'yes'],
    ['false', 'no'],
  ],
  protocolVersion: [
    ['v5', 'v5'],
    ['v3.1.1', 'v3.1.1'],
    ['v3.1', 'v3.1'],
  ],
};

const HINTS: Readonly<Partial<Record<FilterName, string>>> = {
  clientid: 'gw-* or gw-?1',
  username: 'vendor-*',
  address: '10.0.0.0/8',
  connectedAfter: '2026-11-26T03:00:00Z',
  connectedBefore: '2026-11-26T03:00:00Z',
};

function Value({
  name,
  value,
  onValue,
  onChosen,
}: {
  name: FilterName;
  value: string;
  onValue: (value: string) => void;
  onChosen: (value: string) => void;
}) {
  const choices = name === 'broker' ? brokers.value?.map(({ id }) => [id, id] as const) : CHOICES[name];
  if (choices !== undefined) {
    return (
      <select aria-label="Value" value="" onChange={({ currentTarget }) => onChosen(currentTarget.value)}>
        <option value="">choose…</option>
        {choices.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      ref={(field) => field?.focus()}
      aria-label="Value"
      placeholder={HINTS[name]}
      spellcheck={false}
      autocomplete="off"
      value={value}
      onInput={({ currentTarget }) => onValue(currentTarget.value)}
    />
  );
}
