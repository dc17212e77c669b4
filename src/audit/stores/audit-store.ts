import type { AuditFilter, AuditScope } from '../audit-filter.js';
import type { AuditRecord } from '../audit-record.js';

/** What to read of the trail, newest first. */
export interface AuditQuery {
  readonly scope: AuditScope;
  readonly filter: AuditFilter;
  /** Records at most. */
  readonly limit: number;
  /** Reads on after an earlier page: its {@link AuditPage.next}. */
  readonly cursor?: string | undefined;
}

/** A page of the trail. */
export interface AuditPage {
  /** JSON objects, newest first: at most {@link AuditQuery.limit}, and no more than {@link MAX_PAGE_BYTES}. */
  readonly records: readonly string[];
  /** Where older records go on; absent when there are none. Stays valid when records are written or files rotated. */
  readonly next?: string | undefined;
  /** Time of the oldest record that the store has, of anybody, as it is written there; absent when it has none. */
  readonly oldest?: string | undefined;
  /** Lines on the way that are no audit records. */
  readonly malformedCount: number;
}

/** A page ends before it has more than this, characters; but it has at least one record. */
export const MAX_PAGE_BYTES = 1_048_576;

/**
 * Where the trail is kept.
 *
 * Memory is bounded: `append` rejects when too much waits, and whoever writes much waits for it. No method waits for ever.
 */
export interface AuditStore {
  readonly kind: 'memory' | 'file' | 'postgres';
  /** Whether the latest write succeeded. */
  readonly isUp: boolean;
  /** Records that are not written yet. */
  readonly waiting: number;

  /** @throws {ConfigError} when it can never work as it is configured */
  open(): Promise<void>;

  /**
   * Keeps records, in their order.
   *
   * @param mustBeKept whether a promise that resolves has to mean that they are there; otherwise a store may keep trying
   * @throws the system's error when they are lost; they may be there nonetheless
   */
  append(records: readonly AuditRecord[], mustBeKept: boolean): Promise<void>;

  /** {@link append} of records that are encoded already, so many, each with a line break at its end; where records are kept so. */
  appendLines?(lines: Buffer, count: number): Promise<void>;

  /**
   * @param isWanted asked on the way; when it says no, reading ends
   * @throws {AppError} `INVALID` for a cursor of another store, `AUDIT_NOT_AVAILABLE` when it cannot be read
   */
  read(query: AuditQuery, isWanted: () => boolean): Promise<AuditPage>;

  /** Opens what was moved away afresh. @throws the system's error */
  reopen(): Promise<void>;

  /** Writes what waits, and lets go of everything. @throws the system's error */
  close(): Promise<void>;
}
