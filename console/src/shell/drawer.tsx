import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../components/icon.js';
import { useKeys } from '../keys.js';

/** Beside the page: what is open of a list. Esc closes it, and the focus goes back to where it was. */
export function Drawer({
  title,
  label,
  onClose,
  children,
}: {
  title: ComponentChildren;
  label: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLElement>(null);
  useKeys({ Escape: onClose });
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <aside class="drawer" ref={ref} aria-label={label} tabIndex={-1}>
      <header class="drawer-head">
        <h2>{title}</h2>
        <button type="button" class="icon" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="drawer-body">{children}</div>
    </aside>
  );
}
