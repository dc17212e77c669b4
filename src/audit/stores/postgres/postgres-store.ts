import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ConfigError } from '../../../config/config-error.js';
import { AppError } from '../../../errors/app-error.js';
import { systemErrorCode } from '../../../errors/system-error-code.js';
import { isComparable } from '../../audit-filter.js';
import type { AuditRecord } from '../../audit-record.js';
import { GroupCommit } from '../../group-commit.js';
import type { AuditPage, AuditQuery, AuditStore } from '../audit-store.js';
import { badCursor, decodeCursor, encodeCursor, PageBuilder } from '../page.js';
import { Database, isDataError, isSettingsError, type PostgresConfig } from './database.js';
import { MIGRATIONS } from './schema.js';
import { Spool } from './spool.js';
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
/** What waits gets this long at the end. */
const CLOSE_MS = 2000;

/** When old records are deleted: soon after the start, then every hour. */
const FIRST_RETENTION_MS = 1000;
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
 * is back, each once, and read in their order. What finds no room is refused, and what still waits at the end of the process is lost,
 * which the trail is told.
 */
export class PostgresStore implements AuditStore {
  readonly kind = 'postgres';
  readonly #settings: () => PostgresConfig;
  readonly #onLost: (records: readonly AuditRecord[]) => Promise<void>;
  readonly #logger = new Logger(PostgresStore.name);
  readonly #database: Database;
  readonly #commits: GroupCommit<Row>;
  readonly #spool: Spool;
  #nextId = randomBytes(8).readBigUInt64BE() >> 2n;
  #isUp = true;
  #isClosed = false;
  #retention: NodeJS.Timeout | undefined;

  /** @param onLost is told of records that waited in vain */
  constructor(settings: () => PostgresConfig, onLost: (records: readonly AuditRecord[]) => Promise<void>) {
    this.#settings = settings;
    this.#onLost = onLost;
    this.#database = new Database(settings);
    this.#commits = new GroupCommit((rows) => this.#insert(rows), {
      maxBatch: MAX_BATCH,
      maxWaiting: MAX_WAITING,
      deadlineMs: DEADLINE_MS,
    });
    this.#spool = new Spool(
      (rows) => this.#commits.add(rows),
      (rows) => this.#lose(rows),
    );
  }

  get isUp(): boolean {
    return this.#takesRows && this.#spool.size === 0;
  }

  get waiting(): number {
    return this.#commits.waiting + this.#spool.size;
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
    this.#scheduleRetention(FIRST_RETENTION_MS);
  }

  async append(records: readonly AuditRecord[], mustBeKept: boolean): Promise<void> {
    const rows = records.map((record) => this.#toRow(record));
    if (mustBeKept) return this.#commits.add(rows);
    // While the database is away, nobody waits for it. Once it takes rows again, whoever writes does: what comes must not fill
    // the spool faster than it empties.
    if (this.#spool.size > 0 && !this.#takesRows) {
      this.#spool.add(rows);
      return;
    }
    try {
      await this.#commits.add(rows);
    } catch (error) {
      if (isDataError(error)) throw error;
      this.#spool.add(rows);
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
    this.#spool.close();
    clearTimeout(this.#retention);
    await Promise.race([this.#writeWhatWaits(), delay(CLOSE_MS, undefined, { ref: false })]);
    await this.#lose(this.#spool.takeAll());
    await this.#database.close();
  }

  async #writeWhatWaits(): Promise<void> {
    await this.#commits.add([]).catch(() => undefined);
    await this.#spool.flush();
  }

  /** Deletes what is older than `keepDays`, a part at a time. @returns how many */
  async removeOld(): Promise<number> {
    let total = 0;
    for (let deleted = DELETED_AT_ONCE; deleted === DELETED_AT_ONCE && !this.#isClosed; total += deleted) {
      deleted = await this.#database.write(removalStatement(this.#settings().keepDays, DELETED_AT_ONCE));
    }
    return total;
  }

  /** As far as the latest write tells. */
  get #takesRows(): boolean {
    return this.#isUp && !this.#commits.isStalled;
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

  #lose(rows: readonly Row[]): Promise<void> {
    return this.#onLost(rows.map(({ record }) => record));
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
  const at = new Date(typeof time === 'string' ? time : Number.NaN);
  if (!isComparable(at) || typeof id !== 'string' || !/^\d{1,18}$|^[1-8]\d{18}$/.test(id)) throw badCursor();
  return { time: at.toISOString(), id };
}

function codeOf(error: unknown): string {
  return systemErrorCode(error) ?? String(error);
}
