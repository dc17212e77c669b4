import { isAllowed, type Caller } from '../access/caller.js';
import { isJsonObject } from '../json/json.js';
import type { AuditRecord } from './audit-record.js';
import { bounded, MAX_NAME } from './bounded-text.js';

/** Which records to read; what is absent does not restrict. Texts are compared exactly, as {@link bounded} as in records. */
export interface AuditFilter {
  /** Inclusive. */
  readonly from?: Date | undefined;
  /** Inclusive. */
  readonly to?: Date | undefined;
  readonly clientid?: string | undefined;
  readonly action?: string | undefined;
  readonly caller?: string | undefined;
  readonly outcome?: string | undefined;
  readonly requestId?: string | undefined;
  readonly callId?: string | undefined;
  readonly broker?: string | undefined;
  /** Whether to read `STARTED` records, too. */
  readonly started?: boolean | undefined;
}

/** Whether every store can compare with a time: in UTC its year is 1 to 9999. PostgreSQL knows no year 0, and ISO 8601 no more digits. */
export function isComparable(time: Date): boolean {
  const year = time.getUTCFullYear();
  return year >= 1 && year <= 9999;
}

/**
 * Whose records to read: those of a project (`*`: whatever project they name, or none), or only those about some of its
 * brokers. What names no broker concerns all of them, and is not for whoever administers some.
 */
export interface ScopePart {
  readonly project: string;
  readonly brokers?: readonly string[] | undefined;
}

/** A record is in scope when it is in one of the parts; no parts means nothing. */
export type AuditScope = readonly ScopePart[];

/** What a caller administers, in one project or in all. */
export function scopeOf(caller: Caller, project?: string): AuditScope {
  return caller.grants
    .filter((grant) => isAllowed({ ...caller, grants: [grant] }, { role: 'admin', project }))
    .map(({ project: granted, brokers }) => ({
      project: granted === '*' ? (project ?? '*') : granted,
      brokers,
    }));
}

/** A record as it was read, its fields not looked at yet. */
export interface StoredRecord {
  /** Epoch ms. */
  readonly at: number;
  readonly fields: Readonly<Partial<Record<keyof AuditRecord, unknown>>>;
}

/** Reads a record from its JSON; undefined for text that is no audit record. */
export function parseRecord(text: string): StoredRecord | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(fields) || typeof fields.time !== 'string') return undefined;
  const at = Date.parse(fields.time);
  return Number.isNaN(at) ? undefined : { at, fields };
}

/** Fields of records that filters ask for. */
export type SearchedField = 'clientId' | 'action' | 'caller' | 'outcome' | 'requestId' | 'callId' | 'broker';

/** A field of records, and the values that a filter lets through: as records hold it, and in full, as records of earlier versions do. */
type Condition = readonly [field: SearchedField, values: readonly [asKept: string, ...inFull: string[]]];

/** The conditions of a filter on the fields of records. */
export function conditionsOf(filter: AuditFilter): Condition[] {
  const { clientid, action, caller, outcome, requestId, callId, broker } = filter;
  const wanted: readonly (readonly [SearchedField, string | undefined])[] = [
    ['clientId', clientid],
    ['action', action],
    ['caller', caller],
    ['outcome', outcome],
    ['requestId', requestId],
    ['callId', callId],
    ['broker', broker],
  ];
  return wanted.flatMap(([field, value]): Condition[] => {
    if (value === undefined) return [];
    const asKept = bounded(value, field === 'clientId' ? undefined : MAX_NAME);
    return [[field, asKept === value ? [value] : [asKept, value]]];
  });
}

/** Whether records that announce a command are asked for. */
export function wantsStarted({ started, outcome }: AuditFilter): boolean {
  return started === true || outcome === 'STARTED';
}

/** Makes a test for records. */
export function recordTest(scope: AuditScope, filter: AuditFilter): (record: StoredRecord) => boolean {
  const conditions = conditionsOf(filter);
  const from = filter.from?.getTime() ?? Number.NEGATIVE_INFINITY;
  const to = filter.to?.getTime() ?? Number.POSITIVE_INFINITY;
  const startedToo = wantsStarted(filter);
  return ({ at, fields }) =>
    at >= from &&
    at <= to &&
    (startedToo || fields.outcome !== 'STARTED') &&
    conditions.every(([field, values]) => values.some((value) => fields[field] === value)) &&
    scope.some((part) => isInPart(fields, part));
}

/**
 * Makes a test that tells of most lines that do not fit, without parsing them: it looks for the values as JSON writes
 * them. Lines that fit always pass.
 */
export function lineTest(scope: AuditScope, filter: AuditFilter): (line: string) => boolean {
  const needles = conditionsOf(filter).map(([, values]) => values.map((value) => JSON.stringify(value)));
  const projects = scope.map(({ project }) => project);
  if (projects.length > 0 && !projects.includes('*')) {
    needles.push(projects.map((project) => JSON.stringify(project)));
  }
  return (line) => needles.every((values) => values.some((value) => line.includes(value)));
}

function isInPart({ project, broker }: StoredRecord['fields'], part: ScopePart): boolean {
  return (
    (part.project === '*' || part.project === project) &&
    (part.brokers === undefined || (typeof broker === 'string' && part.brokers.includes(broker)))
  );
}
