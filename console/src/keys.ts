import { useEffect, useRef } from 'preact/hooks';

export type KeyMap = Readonly<Record<string, (event: KeyboardEvent) => void>>;

const TYPED_INTO = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]';

/** Handlers of the page's keys, the newest first: what opened last hears first. */
const listeners: { current: KeyMap }[] = [];

/** Binds keys (`j`, `Enter`, `?`) while a component is there. Nothing is heard while somebody types or a dialog is open. */
export function useKeys(keys: KeyMap): void {
  const ref = useRef(keys);
  ref.current = keys;
  useEffect(() => {
    listeners.unshift(ref);
    return () => {
      listeners.splice(listeners.indexOf(ref), 1);
    };
  }, []);
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  if (!(target instanceof Element) || document.querySelector('dialog:modal') !== null) return;
  if (target.matches(TYPED_INTO)) return;
  // Enter and the space bar belong to what has the focus.
  if (
    (event.key === 'Enter' || event.key === ' ') &&
    target.matches('button, a, summary, [type=checkbox], [type=radio]')
  )
    return;
  const heard = listeners.find(({ current }) => event.key in current);
  if (heard === undefined) return;
  event.preventDefault();
  heard.current[event.key]?.(event);
});
