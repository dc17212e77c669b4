import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ConfigError } from '../../../config/config-error.js';
import { AppError } from '../../../errors/app-error.js';
import { systemErrorCode } from '../../../errors/system-error-code.js';
import type { AuditRecord } from '../../audit-record.js';
import { GroupCommit, NotCommittedError } from '../../group-commit.js';
import type { AuditPage, AuditQuery, AuditStore } from '../audit-store.js';
import { badCursor, decodeCursor, encodeCursor, PageBuilder } from '../page.js';
import { Database, isSettingsError, type PostgresConfig } from './database.js';
import { MIGRATIONS } from './schema.js';
import {
  insertStatement,
  pageStatement,
  removalStatement,
  type Row,
  type RowPosition,
} from './statements.js';

/** Rows in one statement. */
const MAX_BATCH = 2000;
/** Rows that wait for their statement. */
const MAX_WAITING = 20_000;
/** How long a statement may take, connecting included. */
const DEADLINE_MS = 5000;
/** Rows that wait for the database to come back, some 10 MB. */
const MAX_SPOOLED = 10_000;
const RETRY_MS = 1000;
/** What waits gets this long at the end. */
const CLOSE_MS = 2000;

const RETENTION_MS = 3_600_000;
/** Rows in one deletion: none takes long. */
const DELETED_AT_ONCE = 10_000;

interface StoredRow {
  readonly time: Date;
  readonly position: string;
  readonly record: string;
}

/**
 * Keeps the trail in a PostgreSQL database that replicas share. Records that come while a statement is under way go
 * out together in the next one.
 *
 * While the database is away, records that must be kept are refused. Others wait, 10,000 at most, and are written when it
 * is back, in order and each once. What finds no room is refused, and what still waits at the end of the process is lost,
 * which the trail is told.
 */
export class PostgresStore implements AuditStore {
  readonly kind = 'postgres';
  readonly #settings: () => PostgresConfig;
  readonly #onLost: (records: readonly AuditRecord[]) => void;
  readonly #logger = new Logger(PostgresStore.name);
  readonly #database: Database;
  readonly #commits: GroupCommit<Row>;
  #nextId = randomBytes(8).readBigUInt64BE() >> 2n;
  #spool: Row[] = [];
  #isUp = true;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;
  #retention: NodeJS.Timeout | undefined;

  /** @param onLost is told of records that waited in vain */
  constructor(settings: () => PostgresConfig, onLost: (records: readonly AuditRecord[]) => void) {
    this.#settings = settings;
    this.#onLost = onLost;
    this.#database = new Database(settings);
    this.#commits = new GroupCommit((rows) => this.#insert(rows), {
      maxBatch: MAX_BATCH,
      maxWaiting: MAX_WAITING,
      deadlineMs: DEADLINE_MS,
    });
  }

  get isUp(): boolean {
    return this.#isUp && !this.#commits.isStalled && this.#spool.length === 0;
  }

  get waiting(): number {
    return this.#commits.waiting + this.#spool.length;
  }

  /** A database that is away now is waited for; one that refuses us is a mistake in the configuration. */
  async open(): Promise<void> {
    try {
      const version = await this.#database.prepare();
      if (version > MIGRATIONS.length) {
        this.#logger.warn(
          `the audit database has schema version ${version}, of a newer service; this one knows ${MIGRATIONS.length}`,
        );
      }
    } catch (error) {
      this.#isUp = false;
      if (isSettingsError(error)) {
        const message = `leads to a database that refuses this service (${codeOf(error)})`;
        throw new ConfigError('the audit trail', [{ path: 'audit.postgres', message }]);
      }
      this.#logger.error(
        `the audit database does not answer (${codeOf(error)}); it is tried again with each record`,
      );
    }
    this.#scheduleRetention(RETRY_MS);
  }

  async append(records: readonly AuditRecord[], mustBeKept: boolean): Promise<void> {
    const rows = records.map((record) => this.#toRow(record));
    if (mustBeKept) return this.#commits.add(rows);
    // Behind what waits already, in order.
    if (this.#spool.length > 0) {
      this.#wait(rows);
      return;
    }
    try {
      await this.#commits.add(rows);
    } catch (error) {
      if (isDataError(error)) throw error;
      this.#wait(rows);
    }
  }

  async read(query: AuditQuery): Promise<AuditPage> {
    const after = query.cursor === undefined ? undefined : positionOf(query.cursor);
    try {
      const [rows, [oldest]] = await Promise.all([
        this.#database.read<StoredRow>(pageStatement(query, after)),
        this.#database.read<{ readonly time: Date }>({
          text: 'SELECT time FROM client_control_audit ORDER BY time, id LIMIT 1',
          values: [],
        }),
      ]);
      return { ...pageOf(rows, query.limit), oldest: oldest?.time.toISOString(), malformedCount: 0 };
    } catch (error) {
      this.#logger.error(`the audit database cannot be read (${codeOf(error)})`);
      throw new AppError('AUDIT_STORE_UNAVAILABLE', 'The database of the audit trail does not answer');
    }
  }

  reopen(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#retention);
    await Promise.race([this.#writeWhatWaits(), delay(CLOSE_MS, undefined, { ref: false })]);
    this.#onLost(this.#spool.splice(0).map(({ record }) => record));
    await this.#database.close();
  }

  async #writeWhatWaits(): Promise<void> {
    await this.#commits.add([]).catch(() => undefined);
    while (this.#spool.length > 0 && (await this.#writeSpooled()));
  }

  /** Deletes what is older than `keepDays`, a part at a time. @returns how many */
  async removeOld(): Promise<number> {
    let total = 0;
    for (let deleted = DELETED_AT_ONCE; deleted === DELETED_AT_ONCE && !this.#isClosed; total += deleted) {
      deleted = await this.#database.write(removalStatement(this.#settings().keepDays, DELETED_AT_ONCE));
    }
    return total;
  }

  #toRow(record: AuditRecord): Row {
    this.#nextId += 1n;
    return { id: this.#nextId.toString(), record, text: JSON.stringify(record) };
  }

  async #insert(rows: readonly Row[]): Promise<void> {
    try {
      if (rows.length > 0) await this.#database.write(insertStatement(rows));
      if (!this.#isUp) this.#logger.warn('the audit database takes records again');
      this.#isUp = true;
    } catch (error) {
      if (this.#isUp) this.#logger.error(`the audit database takes no records (${codeOf(error)})`);
      this.#isUp = false;
      throw error;
    }
  }

  /** @throws {NotCommittedError} when there is no room */
  #wait(rows: readonly Row[]): void {
    if (this.#spool.length + rows.length > MAX_SPOOLED || this.#isClosed) {
      throw new NotCommittedError('OVERFLOW', 'the audit database is away, and too much waits for it');
    }
    this.#spool.push(...rows);
    this.#retry ??= setTimeout(() => void this.#writeAllSpooled(), RETRY_MS);
  }

  async #writeAllSpooled(): Promise<void> {
    while (this.#spool.length > 0 && !this.#isClosed) {
      if (await this.#writeSpooled()) continue;
      this.#retry = setTimeout(() => void this.#writeAllSpooled(), RETRY_MS);
      return;
    }
    this.#retry = undefined;
  }

  /** Writes the first of what waits; false when that failed. */
  async #writeSpooled(): Promise<boolean> {
    const rows = this.#spool.slice(0, MAX_BATCH);
    try {
      await this.#commits.add(rows);
    } catch (error) {
      if (!isDataError(error)) return false;
      this.#onLost(rows.map(({ record }) => record));
    }
    this.#spool.splice(0, rows.length);
    return true;
  }

  #scheduleRetention(delayMs: number): void {
    if (this.#isClosed) return;
    this.#retention = setTimeout(() => {
      this.removeOld()
        .catch((error: unknown) =>
          this.#logger.error(`old audit records cannot be deleted (${codeOf(error)})`),
        )
        .finally(() => this.#scheduleRetention(RETENTION_MS));
    }, delayMs).unref();
  }
}

function pageOf(rows: readonly StoredRow[], limit: number): Pick<AuditPage, 'records' | 'next'> {
  const page = new PageBuilder(limit);
  let last: RowPosition | undefined;
  for (const { time, position, record } of rows) {
    if (!page.add(record))
      return { records: page.records, next: last && encodeCursor('postgres', { ...last }) };
    last = { time: time.toISOString(), id: position };
  }
  return { records: page.records };
}

/** @throws {AppError} `INVALID` */
function positionOf(cursor: string): RowPosition {
  const { time, id } = decodeCursor('postgres', cursor);
  const isTime = typeof time === 'string' && !Number.isNaN(Date.parse(time));
  if (!isTime || typeof id !== 'string' || !/^\d{1,18}$|^[1-8]\d{18}$/.test(id)) throw badCursor();
  return { time: new Date(time).toISOString(), id };
}

/** Whether the database would never take these rows. Source: PostgreSQL, appendix A, classes 22, 23 and 54. */
function isDataError(error: unknown): boolean {
  return /^(22|23|54)[0-9A-Z]{3}$/.test(systemErrorCode(error) ?? '');
}

function codeOf(error: unknown): string {
  return systemErrorCode(error) ?? String(error);
}
