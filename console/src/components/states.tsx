import type { ComponentChildren } from 'preact';
import { adviceFor, wordsOf } from '../advice.js';
import { ApiError } from '../api.js';
import type { Resource } from '../resource.js';
import { Status } from './status.js';

/** While the first answer is on its way: the shape of a list, no spinner over the page. */
export function Loading({ rows = 8 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <i key={index} />
      ))}
    </div>
  );
}

/** Nothing there: what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="notice" role="status">
      <h2>{title}</h2>
      {children !== undefined && <div class="muted">{children}</div>}
    </div>
  );
}

/** Refused: the API's own words, what to do, and a way to try again. */
export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const advice = adviceFor(error);
  return (
    <div class="notice refused" role="alert">
      <h2>
        <Status kind="bad">{wordsOf(error)}</Status>
      </h2>
      {advice !== undefined && <p class="muted">{advice}</p>}
      {error instanceof ApiError && (
        <p class="small muted">
          <code>{error.code}</code> · HTTP {error.status}
          {error.requestId !== undefined && ` · request ${error.requestId}`}
        </p>
      )}
      {again !== undefined && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

export interface NotAnswered {
  readonly project?: string;
  readonly broker: string;
  readonly code: string;
  readonly message: string;
}

/** Who did not answer, above what the others said. */
export function SomeDidNotAnswer({ notAnswered }: { notAnswered: readonly NotAnswered[] }) {
  if (notAnswered.length === 0) return null;
  const names = notAnswered.map(({ broker }) => broker).join(', ');
  return (
    <details class="partial">
      <summary>
        <Status kind="busy">
          {notAnswered.length === 1
            ? `${names} did not answer`
            : `${notAnswered.length} brokers did not answer: ${names}`}
          . What is there is not all.
        </Status>
      </summary>
      <ul>
        {notAnswered.map(({ broker, code, message }) => (
          <li key={broker}>
            <b>{broker}</b>: {message} <code class="muted">{code}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Shows a resource in whichever state it is. */
export function Shown<T>({
  resource,
  again,
  rows,
  children,
}: {
  resource: Resource<T>;
  again?: () => void;
  rows?: number;
  children: (value: T) => ComponentChildren;
}) {
  switch (resource.state) {
    case 'loading':
      return <Loading {...(rows === undefined ? {} : { rows })} />;
    case 'failed':
      return <Failed error={resource.error} {...(again === undefined ? {} : { again })} />;
    case 'ready':
      return <>{children(resource.value)}</>;
  }
}
