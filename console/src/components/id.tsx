import { CopyButton } from './copy-button.js';

const TAIL = 6;

/** An id: in monospace, its middle cut where there is no room, whole on hover, one click to copy. */
export function Id({ value, copy = true }: { value: string; copy?: boolean }) {
  const letters = Array.from(value);
  const cut = Math.max(letters.length - TAIL, Math.ceil(letters.length / 2));
  return (
    <span class="id" title={value}>
      <span class="id-head">{letters.slice(0, cut).join('')}</span>
      <span class="id-tail">{letters.slice(cut).join('')}</span>
      {copy && <CopyButton text={value} what={value} />}
    </span>
  );
}
