import type { DryRunAnswer } from '@mqtt-client-control/client';
import { useState } from 'preact/hooks';
import { CopyButton } from '../components/copy-button.js';
import { Id } from '../components/id.js';
import { ROOT } from '../settings.js';
import { commandLine, curlLine, type Plan } from './lines.js';
import type { ClientOfBroker } from './intent.js';

/** Whom it would concern: of many, the first. */
export interface Seen {
  readonly count: number;
  readonly first: readonly ClientOfBroker[];
  readonly selection: string | undefined;
  readonly notAnswered: readonly { readonly broker: string; readonly message: string }[];
}

export function seenOf({ count, clients, selection, notAnswered }: DryRunAnswer): Seen {
  return { count, first: clients, selection, notAnswered };
}

const SHOWN = 200;

/** Which clients, on which brokers. */
export function WhomList({ seen }: { seen: Seen }) {
  const brokers = [...new Set(seen.first.map(({ broker }) => broker))];
  return (
    <>
      <p>
        <b>{seen.count.toLocaleString('en')}</b> {seen.count === 1 ? 'client' : 'clients'} on{' '}
        {brokers
          .slice(0, 6)
          .map((broker) => {
            const many = seen.first.filter((each) => each.broker === broker).length;
            return brokers.length > 1 && seen.count === seen.first.length ? `${broker} (${many})` : broker;
          })
          .join(', ')}
        {brokers.length > 6 && ` and ${brokers.length - 6} others`}
      </p>
      {seen.first.length > 0 && (
        <ul class="whom" tabIndex={0} aria-label="The clients">
          {seen.first.slice(0, SHOWN).map(({ broker, clientid }) => (
            <li key={`${broker}/${clientid}`}>
              <Id value={clientid} copy={false} />
              <span class="small muted">{broker}</span>
            </li>
          ))}
          {seen.count > SHOWN && (
            <li class="muted">and {(seen.count - SHOWN).toLocaleString('en')} others</li>
          )}
        </ul>
      )}
    </>
  );
}

/** The same as a call with curl and as a command line. */
export function SameAs({ plan }: { plan: Plan }) {
  const [isCurl, setCurl] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const text = isOpen ? (isCurl ? curlLine(plan, window.location.origin + ROOT) : commandLine(plan)) : '';
  return (
    <details class="lines" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The same from a terminal</summary>
      <div class="lines">
        <div class="line-names">
          <button type="button" class="link" aria-pressed={!isCurl} onClick={() => setCurl(false)}>
            command line
          </button>
          <button type="button" class="link" aria-pressed={isCurl} onClick={() => setCurl(true)}>
            curl
          </button>
        </div>
        <div class="line">
          <pre tabIndex={0}>{text}</pre>
          <CopyButton text={text} what={isCurl ? 'the curl line' : 'the command line'} />
        </div>
      </div>
    </details>
  );
}
