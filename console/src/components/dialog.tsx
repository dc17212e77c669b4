import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

/**
 * A dialog over the page: the browser keeps the focus inside and gives it back when it closes. `onClose` is asked when
 * somebody wants out (Esc, the cross); the dialog is gone when its owner no longer draws it.
 */
export function Dialog({
  title,
  onClose,
  foot,
  wide = false,
  children,
}: {
  title: string;
  onClose?: () => void;
  foot?: ComponentChildren;
  wide?: boolean;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={wide ? 'wide' : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <header class="dialog-head">
        <h2 id={id}>{title}</h2>
        {onClose !== undefined && (
          <button type="button" class="icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        )}
      </header>
      <div class="dialog-body">{children}</div>
      {foot !== undefined && <footer class="dialog-foot">{foot}</footer>}
    </dialog>
  );
}
