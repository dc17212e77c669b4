import { visibleText } from './visible-text.js';
import { CopyButton } from './copy-button.js';

const TAIL = 6;
/** No window shows more; ids may have 65,535 bytes. */
const SHOWN = 200;

/** An id: in monospace, its middle cut where there is no room, whole on hover, one click to copy. */
export function Id({ value, copy = true }: { value: string; copy?: boolean }) {
  const short = value.length <= 2 * SHOWN ? value : `${value.slice(0, SHOWN)}…${value.slice(-SHOWN)}`;
  const letters = Array.from(visibleText(short));
  const cut = Math.max(letters.length - TAIL, Math.ceil(letters.length / 2));
  return (
    <span class="id" title={visibleText(short)}>
      <span class="id-head">{letters.slice(0, cut).join('')}</span>
      <span class="id-tail">{letters.slice(cut).join('')}</span>
      {copy && <CopyButton text={value} what={value} />}
    </span>
  );
}
