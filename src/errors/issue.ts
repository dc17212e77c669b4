import { AppError } from './app-error.js';

/** One problem of an input: where it is (`options.send_retain`, `projects[0].id`, `""` for the whole) and what is wrong. Never holds the value. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Issues in one answer; what comes after is only counted. */
const MAX_ISSUES = 100;
/** A path may hold a name that the caller made up. */
const MAX_PATH = 200;

/** Makes the `INVALID` error that lists the issues, a hundred at most; its message names the first. */
export function invalid(all: readonly Issue[]): AppError {
  const issues = all.slice(0, MAX_ISSUES).map(bounded);
  if (all.length > MAX_ISSUES)
    issues.push({ path: '', message: `and ${all.length - MAX_ISSUES} more problems` });
  const [first] = issues;
  const text = first === undefined ? '' : `: ${first.path === '' ? '' : `${first.path} `}${first.message}`;
  return new AppError('INVALID', `The request is not valid${text}`, { issues });
}

function bounded(issue: Issue): Issue {
  return issue.path.length > MAX_PATH ? { ...issue, path: `${issue.path.slice(0, MAX_PATH)}…` } : issue;
}
