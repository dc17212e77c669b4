import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { ApiError } from '../api.js';

/** What a field's control has to carry, so that label, hint and complaint belong to it. */
export interface ControlProps {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': 'true' | undefined;
}

/** A labelled field: hint or complaint below it. */
export function Field({
  label,
  hint,
  complaint,
  children,
}: {
  label: string;
  hint?: ComponentChildren;
  complaint?: string | undefined;
  children: (control: ControlProps) => ComponentChildren;
}) {
  const id = useId();
  const below = complaint ?? hint;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        'aria-describedby': below === undefined ? undefined : `${id}-below`,
        'aria-invalid': complaint === undefined ? undefined : 'true',
      })}
      {below !== undefined && (
        <span id={`${id}-below`} class={complaint === undefined ? 'hint' : 'complaint'}>
          {below}
        </span>
      )}
    </div>
  );
}

/** What the API says of one field of a body that it did not take. */
export function complaintAbout(error: unknown, path: string): string | undefined {
  if (!(error instanceof ApiError) || error.code !== 'INVALID') return undefined;
  return error.info.issues?.find((issue) => issue.path === path)?.message;
}
