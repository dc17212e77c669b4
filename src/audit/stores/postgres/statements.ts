import { conditionsOf, wantsStarted, type SearchedField, type ScopePart } from '../../audit-filter.js';
import type { AuditRecord } from '../../audit-record.js';
import type { AuditQuery } from '../audit-store.js';

/** A record as a row of the table. */
export interface Row {
  /** Counts up, from a number that is random in each process: keeps records of the same millisecond apart and in order. */
  readonly id: string;
  readonly record: AuditRecord;
  /** The record as JSON. */
  readonly text: string;
}

/** A statement and its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Where a page ended. */
export interface RowPosition {
  readonly time: string;
  readonly id: string;
}

/** Fields of records that have a column of their own, so that they can be searched. */
const COLUMNS: Readonly<Record<SearchedField | 'project', string>> = {
  project: 'project',
  broker: 'broker',
  clientId: 'client_id',
  action: 'action',
  caller: 'caller',
  outcome: 'outcome',
  requestId: 'request_id',
  callId: 'call_id',
};
const FIELDS = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

const INSERT =
  `INSERT INTO client_control_audit (time, id, record, ${Object.values(COLUMNS).join(', ')}) ` +
  'SELECT * FROM unnest($1::timestamptz[], $2::bigint[], $3::text[], ' +
  `${FIELDS.map((_, index) => `$${index + 4}::text[]`).join(', ')}) ON CONFLICT DO NOTHING`;

/** Inserts rows, all or none. Those that are there already are left alone, so that it can be repeated. */
export function insertStatement(rows: readonly Row[]): Statement {
  const columns = FIELDS.map((field) => rows.map(({ record }) => storable(record[field])));
  const times = rows.map(({ record }) => record.time);
  return {
    text: INSERT,
    values: [times, rows.map(({ id }) => id), rows.map(({ text }) => text), ...columns],
  };
}

/** Selects a page, newest first, and one row more if there is one. */
export function pageStatement(
  { scope, filter, limit }: AuditQuery,
  after: RowPosition | undefined,
): Statement {
  const values: unknown[] = [];
  const value = (of: unknown, type: string): string => `$${values.push(of)}::${type}`;
  const conditions = [scopeCondition(scope, value)];
  for (const [field, [asKept]] of conditionsOf(filter)) {
    conditions.push(`${COLUMNS[field]} = ${value(storable(asKept), 'text')}`);
  }
  const { from, to } = filter;
  if (from !== undefined) conditions.push(`time >= ${value(from.toISOString(), 'timestamptz')}`);
  if (to !== undefined) conditions.push(`time <= ${value(to.toISOString(), 'timestamptz')}`);
  if (!wantsStarted(filter)) conditions.push("outcome <> 'STARTED'");
  if (after !== undefined) {
    conditions.push(`(time, id) < (${value(after.time, 'timestamptz')}, ${value(after.id, 'bigint')})`);
  }
  return {
    text:
      // As text, for JavaScript's numbers are too short for it; not under its own name, or it would be sorted as text.
      'SELECT time, id::text AS position, record FROM client_control_audit ' +
      `WHERE ${conditions.join(' AND ')} ORDER BY time DESC, id DESC LIMIT ${value(limit + 1, 'int')}`,
    values,
  };
}

/** Deletes the oldest rows of those that are older than some days; replicas that do it at once do not wait for each other. */
export function removalStatement(keepDays: number, limit: number): Statement {
  return {
    text:
      'DELETE FROM client_control_audit WHERE ctid = ANY(ARRAY(SELECT ctid FROM client_control_audit ' +
      "WHERE time < now() - $1::int * interval '1 day' ORDER BY time, id LIMIT $2::int FOR UPDATE SKIP LOCKED))",
    values: [keepDays, limit],
  };
}

function scopeCondition(scope: readonly ScopePart[], value: (of: unknown, type: string) => string): string {
  const parts = scope.map(({ project, brokers }) => {
    const isProject = project === '*' ? 'true' : `project = ${value(project, 'text')}`;
    return brokers === undefined ? isProject : `(${isProject} AND broker = ANY(${value(brokers, 'text[]')}))`;
  });
  return parts.length === 0 ? 'false' : `(${parts.join(' OR ')})`;
}

/** Text columns hold no U+0000, which a path can. The record itself has it escaped. */
function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\u0000', '\uFFFD');
}
