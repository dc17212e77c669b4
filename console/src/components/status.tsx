import type { ComponentChildren } from 'preact';

/** How something is: `ok` works, `busy` is on its way, `off` is not there, `bad` needs somebody. */
export type StatusKind = 'ok' | 'busy' | 'off' | 'bad';

const SHAPES: Readonly<Record<StatusKind, string>> = {
  ok: 'M6 1.500a4.500 4.500 0 100 9 4.500 4.500 0 000-9z',
  busy: 'M6 1l5 5-5 5-5-5z',
  off: 'M6 1.500a4.500 4.500 0 100 9 4.500 4.500 0 000-9z',
  bad: 'M6 1.200l5 9.300h-10z',
};

/** A state as a word and a shape; the colour only repeats them. */
export function Status({ kind, children }: { kind: StatusKind; children: ComponentChildren }) {
  return (
    <span class="status" data-kind={kind}>
      <svg viewBox="0 0 12 12" aria-hidden="true">
        <path d={SHAPES[kind]} />
      </svg>
      {children}
    </span>
  );
}
