import { useEffect, useRef, useState } from 'preact/hooks';
import { hrefOf } from '../address.js';
import { caller, projects, roleOn } from '../caller.js';
import { Icon } from '../components/icon.js';
import { Status } from '../components/status.js';
import iconUrl from '../icon.svg';
import { useKeys } from '../keys.js';
import { liveState, type LiveState } from '../live.js';
import { pageAt } from '../pages.js';
import { address, navigate } from '../router.js';
import { signOut } from '../session.js';
import { theme, THEMES } from '../theme.js';

/** Above everything: where we are, the field that finds a client, whether the page is live, and who is signed in. */
export function Header() {
  return (
    <header class="header">
      <a
        class="brand"
        href={hrefOf({ project: address.value.project, page: 'brokers' })}
        aria-label="MQTT Client Control"
      >
        <img src={iconUrl} width="24" height="24" alt="" />
        <span>MQTT Client Control</span>
      </a>
      <ProjectMenu />
      <FindField />
      <LiveMark />
      <Account />
    </header>
  );
}

function ProjectMenu() {
  const all = projects.value ?? [];
  const current = address.value.project;
  if (all.length === 0) return null;
  return (
    <select
      class="project"
      aria-label="Project"
      value={current ?? ''}
      onChange={({ currentTarget }) => {
        const page = pageAt(address.value);
        navigate({ project: currentTarget.value, page: page?.scope === 'project' ? page.path : 'brokers' });
      }}
    >
      {current === undefined && <option value="">All projects</option>}
      {all.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** `/`: one field for client id, user name or address, over all brokers that the caller may see. */
function FindField() {
  const field = useRef<HTMLInputElement>(null);
  const isFinding = address.value.page === 'find';
  const asked = isFinding ? (address.value.query.get('q') ?? '') : '';
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked, isFinding]);
  useKeys({
    '/': () => {
      field.current?.focus();
      field.current?.select();
    },
  });
  return (
    <form
      class="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const q = text.trim();
        if (q === '') return;
        // What was found takes the focus.
        field.current?.blur();
        navigate({ page: 'find', query: new URLSearchParams({ q }) }, { replace: isFinding });
      }}
    >
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        aria-label="Find a client by its id, user name or address"
        placeholder="Find a client"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

const LIVE: Readonly<Record<LiveState, { kind: 'ok' | 'busy' | 'off'; words: string; why: string }>> = {
  live: { kind: 'ok', words: 'live', why: 'Events arrive as they happen.' },
  connecting: { kind: 'busy', words: 'reconnecting', why: 'Events are not arriving; trying again.' },
  off: { kind: 'off', words: 'not live', why: 'No project is looked at.' },
};

function LiveMark() {
  const { kind, words, why } = LIVE[liveState.value];
  return (
    <div class="live" role="status" title={why}>
      <Status kind={kind}>
        <span>{words}</span>
      </Status>
    </div>
  );
}

function Account() {
  const who = caller.value;
  if (who === undefined) return null;
  const role = roleOn(address.value.project) ?? 'no role here';
  return (
    <details
      class="account"
      onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.removeAttribute('open')}
    >
      <summary>
        <Icon name="person" />
        <span class="name who">{who.name}</span> <span class="muted who">{role}</span>
        <Icon name="down" />
      </summary>
      <div class="menu">
        <div>
          <b>{who.name}</b> <span class="muted">{role}</span>
        </div>
        <fieldset>
          <legend class="unseen">Colours</legend>
          {THEMES.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="theme"
                checked={theme.value === each}
                onChange={() => (theme.value = each)}
              />
              {each}
            </label>
          ))}
        </fieldset>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </div>
    </details>
  );
}
