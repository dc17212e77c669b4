import { AppError } from '../../errors/app-error.js';
import { invalid, type Issue } from '../../errors/issue.js';
import { readTime } from '../../fields/time.js';
import { isJsonObject, type JsonObject } from '../../json/json.js';
import { clientFilterProblem, type ClientFilter } from '../../mqtt-strings/client-filter.js';
import { isAction } from './item-preparation.js';

/** Operations that a JSON list may hold; longer ones are streamed. */
export const MAX_LISTED = 10_000;
const MAX_ACTIONS = 10;
export const MAX_PER_SECOND = 100_000;
export const MAX_REASON_CHARACTERS = 500;

/** What every call for many may say. */
export interface CommonOptions {
  /** Operations a second; as fast as the brokers answer without. */
  readonly perSecond: number | undefined;
  /** Why, in the caller's words. */
  readonly reason: string | undefined;
}

/** A list of operations, each on its client. */
export interface OperationList extends CommonOptions {
  readonly kind: 'list';
  /** Not checked yet: a malformed one fails alone. */
  readonly operations: readonly unknown[];
}

/** The same for each client that a filter selects. */
export interface SelectionCall extends CommonOptions {
  readonly kind: 'selection';
  readonly select: ClientFilter;
  /** What to do to each, one after the other. Their names are checked; the rest is, for each client. */
  readonly actions: readonly JsonObject[];
  readonly dryRun: boolean;
  readonly expectCount: number | undefined;
  readonly selection: string | undefined;
  readonly partial: boolean;
}

export type BulkEnvelope = OperationList | SelectionCall;

type Rule = (value: unknown) => string | undefined;

const isBoolean: Rule = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const integer =
  (minimum: number, maximum: number): Rule =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum
      ? undefined
      : `must be an integer from ${minimum} to ${maximum}`;

const COMMON: Readonly<Record<string, Rule>> = {
  perSecond: integer(1, MAX_PER_SECOND),
  reason: (value) =>
    typeof value === 'string' && value.length <= MAX_REASON_CHARACTERS && value !== '' && value.isWellFormed()
      ? undefined
      : `must be a text of 1 to ${MAX_REASON_CHARACTERS} characters`,
};

const LIST: Readonly<Record<string, Rule>> = {
  ...COMMON,
  operations: (value) => (Array.isArray(value) ? undefined : 'must be a list'),
};

const SELECTION: Readonly<Record<string, Rule>> = {
  ...COMMON,
  select: (value) => (isJsonObject(value) ? undefined : 'must be an object'),
  actions: (value) =>
    Array.isArray(value) && value.length >= 1 && value.length <= MAX_ACTIONS
      ? undefined
      : `must be a list of 1 to ${MAX_ACTIONS} actions`,
  dryRun: isBoolean,
  partial: isBoolean,
  expectCount: integer(0, Number.MAX_SAFE_INTEGER),
  selection: (value) =>
    typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
      ? undefined
      : 'must be the `selection` of a dry run',
};

/**
 * Reads the body of a call for many clients.
 *
 * @throws {AppError} `INVALID` with every issue, `PAYLOAD_TOO_LARGE` for a list that is too long
 */
export function readEnvelope(body: unknown): BulkEnvelope {
  if (!isJsonObject(body)) throw invalid([{ path: '', message: 'the body must be a JSON object' }]);
  const isList = Object.hasOwn(body, 'operations');
  if (!isList && !Object.hasOwn(body, 'select')) {
    throw invalid([{ path: '', message: 'needs operations, or select and actions' }]);
  }
  const issues = issuesOf(body, isList ? LIST : SELECTION);
  if (!isList && !Object.hasOwn(body, 'actions')) issues.push({ path: 'actions', message: 'is missing' });
  if (issues.length > 0) throw invalid(issues);
  return isList ? readList(body) : readSelection(body);
}

/** @throws {AppError} `INVALID` for what is in a query and is no {@link CommonOptions} */
export function readOptions(query: JsonObject): CommonOptions {
  const { perSecond, ...rest } = query;
  const isNumber = typeof perSecond === 'string' && /^[1-9]\d{0,5}$/.test(perSecond);
  const options = {
    ...rest,
    ...(perSecond !== undefined && { perSecond: isNumber ? Number(perSecond) : perSecond }),
  };
  const issues = issuesOf(options, COMMON);
  if (issues.length > 0) throw invalid(issues);
  return common(options);
}

function issuesOf(fields: JsonObject, rules: Readonly<Record<string, Rule>>): Issue[] {
  return Object.entries(fields)
    .slice(0, Object.keys(rules).length + 1)
    .flatMap(([path, value]) => {
      const message = Object.hasOwn(rules, path) ? rules[path]?.(value) : 'is not a known field';
      return message === undefined ? [] : [{ path: path.slice(0, 100), message }];
    });
}

function common({ perSecond, reason }: JsonObject): CommonOptions {
  return { perSecond: perSecond as number | undefined, reason: reason as string | undefined };
}

function readList(body: JsonObject): OperationList {
  const operations = body.operations as readonly unknown[];
  if (operations.length > MAX_LISTED) {
    throw new AppError(
      'PAYLOAD_TOO_LARGE',
      `A list holds at most ${MAX_LISTED} operations; send more as application/x-ndjson`,
      { limit: MAX_LISTED },
    );
  }
  return { kind: 'list', operations, ...common(body) };
}

function readSelection(body: JsonObject): SelectionCall {
  const { connectedBefore, connectedAfter, ...rest } = body.select as JsonObject;
  const select = {
    ...rest,
    ...(connectedBefore !== undefined && { connectedBefore: readTime(connectedBefore) }),
    ...(connectedAfter !== undefined && { connectedAfter: readTime(connectedAfter) }),
  };
  const problem = clientFilterProblem(select);
  const issues: Issue[] =
    problem === undefined
      ? []
      : [
          {
            path: problem.field === '' ? 'select' : `select.${problem.field.slice(0, 100)}`,
            message: problem.problem,
          },
        ];
  const actions = body.actions as readonly unknown[];
  for (const [index, action] of actions.entries()) {
    const path = `actions[${index}]`;
    if (!isJsonObject(action)) issues.push({ path, message: 'must be an object' });
    else if (!isAction(action.action))
      issues.push({ path: `${path}.action`, message: 'must name an action' });
    else if ('clientid' in action) issues.push({ path: `${path}.clientid`, message: 'is not a known field' });
  }
  if (issues.length > 0) throw invalid(issues);
  return {
    kind: 'selection',
    select: select as ClientFilter,
    actions: actions as readonly JsonObject[],
    dryRun: body.dryRun === true,
    partial: body.partial === true,
    expectCount: body.expectCount as number | undefined,
    selection: body.selection as string | undefined,
    ...common(body),
  };
}
