import type { ComponentChildren } from 'preact';
import { Icon } from './icon.js';

/** What a list is narrowed by; the cross takes it away. */
export function FilterChip({ name, value, onRemove }: { name: string; value: string; onRemove: () => void }) {
  return (
    <li class="chip on">
      <b>{name}</b>
      <span title={value}>{value}</span>
      <button type="button" aria-label={`Remove the filter ${name} ${value}`} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </li>
  );
}

/** Something that is there, or that cannot be had (dashed, with why on hover). */
export function Chip({
  children,
  why,
  cannot = false,
}: {
  children: ComponentChildren;
  why?: string;
  cannot?: boolean;
}) {
  return (
    <span class={cannot ? 'chip cannot' : 'chip'} title={why}>
      {children}
    </span>
  );
}
