import { token } from './session.js';
import { useCallback, useEffect, useState } from 'preact/hooks';

/** What is asked of the API for a page: not there yet, there, or refused. */
export type Resource<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown };

/** Asks when the page opens, whenever `key` changes, and again as whoever signs in. */
export function useResource<T>(
  key: string,
  ask: (signal: AbortSignal) => Promise<T>,
): { readonly resource: Resource<T>; readonly reload: () => void } {
  const [resource, setResource] = useState<Resource<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => setResource({ state: 'loading' }), [key]);
  useEffect(() => {
    const controller = new AbortController();
    ask(controller.signal).then(
      (value) => controller.signal.aborted || setResource({ state: 'ready', value }),
      (error: unknown) => controller.signal.aborted || setResource({ state: 'failed', error }),
    );
    return () => controller.abort();
  }, [key, round, token.value]);
  return { resource, reload: useCallback(() => setRound((count) => count + 1), []) };
}
