import { AppError } from './app-error.js';

/** One problem of an input: where it is (`options.send_retain`, `projects[0].id`, `""` for the whole) and what is wrong. Never holds the value. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Makes the `INVALID` error that lists every issue; its message names the first. */
export function invalid(issues: readonly Issue[]): AppError {
  const [first] = issues;
  const text = first === undefined ? '' : `: ${first.path === '' ? '' : `${first.path} `}${first.message}`;
  return new AppError('INVALID', `The request is not valid${text}`, { issues });
}
