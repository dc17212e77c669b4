import { hrefOf, type ClientRef } from '../../address.js';
import { Status } from '../../components/status.js';
import { eventLog } from '../../event-log.js';
import { escapeGlob } from '../../glob.js';
import { absolute, clock } from '../../times.js';
import { wordsOfEvent } from '../events/event-words.js';

const SHOWN = 20;

/** What happens to one client, as it happens. */
export function ClientEvents({ client: { project, broker, clientid } }: { client: ClientRef }) {
  const lines = eventLog.value
    .flatMap((line) => ('event' in line ? [line] : []))
    .filter(({ event }) => 'clientid' in event && event.clientid === clientid && event.broker === broker)
    .slice(0, SHOWN);
  const query = new URLSearchParams({ clientid: escapeGlob(clientid), broker });
  return (
    <section>
      <h3>
        Events
        <a class="push small" href={hrefOf({ project, page: 'events', query })}>
          In the log
        </a>
      </h3>
      {lines.length === 0 ? (
        <p class="muted">None since this page was opened.</p>
      ) : (
        <ol class="happenings" aria-live="polite">
          {lines.map(({ key, at, event }) => {
            const { kind, word, sentence } = wordsOfEvent(event);
            return (
              <li key={key}>
                <time title={absolute(at)}>{clock(at)}</time>
                <Status kind={kind}>{word}</Status>
                <span>{sentence}</span>
              </li>
            );
          })}
        </ol>
      )}
    </section>
  );
}
