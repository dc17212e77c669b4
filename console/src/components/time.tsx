import { useComputed, useSignal } from '@preact/signals';
import { absolute, now, relative } from '../times.js';

/** A time: relative, the date on hover. */
export function Time({ at }: { at: number }) {
  const moment = useSignal(at);
  moment.value = at;
  const text = useComputed(() => relative(moment.value, now.value));
  return (
    <time dateTime={new Date(at).toISOString()} title={absolute(at)}>
      {text}
    </time>
  );
}
