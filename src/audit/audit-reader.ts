import { open, type FileHandle } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import type { AuditedAction } from '../access/actions.js';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { systemErrorCode } from '../errors/system-error-code.js';
import { isJsonObject } from '../json/json.js';
import { linesBackwards } from './lines-backwards.js';

/** Which lines of the trail to read; what is absent does not restrict. */
export interface AuditFilter {
  /** Inclusive. */
  readonly from?: Date | undefined;
  /** Inclusive. */
  readonly to?: Date | undefined;
  readonly clientid?: string | undefined;
  readonly action?: AuditedAction | undefined;
  readonly limit: number;
}

/** Whose lines to read. */
export interface AuditScope {
  readonly project: string;
  /** Whether to read the lines about that broker. */
  readonly canSeeBroker: (broker: string | undefined) => boolean;
}

/** What was read. */
export interface AuditPage {
  /** The lines as they are in the file, newest first; each is a JSON object. */
  readonly lines: readonly string[];
  /** Lines on the way that are no audit records. */
  readonly malformedCount: number;
}

interface StoredRecord {
  readonly time: number;
  readonly project: unknown;
  readonly broker: unknown;
  readonly clientId: unknown;
  readonly action: unknown;
}

/** Lines are in the order of their times, except for replicas that share a file and clocks that are set back a little. */
const DISORDER_MS = 60_000;

/** Reads the audit trail back from its file. Files that were rotated away are not read. */
@Injectable()
export class AuditReader {
  readonly #config: ConfigStore;

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  /**
   * Reads the newest lines in the scope that fit the filter. Needs memory for these and one chunk, however long the file is.
   *
   * @param isWanted asked at every line; when it says no, the rest is not read
   * @throws {AppError} `AUDIT_NOT_AVAILABLE` when the trail is not kept in a file
   */
  async read(scope: AuditScope, filter: AuditFilter, isWanted: () => boolean): Promise<AuditPage> {
    const { file } = this.#config.current.audit;
    if (file === undefined) throw notAvailable('The audit trail goes to the log');
    const handle = await openIfThere(file);
    // Nothing was written since the last file was moved away.
    if (handle === undefined) return { lines: [], malformedCount: 0 };
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw notAvailable('The audit trail goes to something that is not a file');
      return await select(linesBackwards(handle, stats.size), scope, filter, isWanted);
    } finally {
      await handle.close();
    }
  }
}

async function select(
  candidates: AsyncIterable<string | undefined>,
  scope: AuditScope,
  filter: AuditFilter,
  isWanted: () => boolean,
): Promise<AuditPage> {
  const oldest = (filter.from?.getTime() ?? Number.NEGATIVE_INFINITY) - DISORDER_MS;
  const lines: string[] = [];
  let malformedCount = 0;
  for await (const line of candidates) {
    const record = line === undefined ? undefined : parseRecord(line);
    if (line === undefined || record === undefined) malformedCount += 1;
    else if (record.time < oldest) break;
    else if (isInScope(record, scope) && matches(record, filter)) lines.push(line);
    if (lines.length >= filter.limit || !isWanted()) break;
  }
  return { lines, malformedCount };
}

function isInScope({ project, broker }: StoredRecord, scope: AuditScope): boolean {
  return project === scope.project && scope.canSeeBroker(typeof broker === 'string' ? broker : undefined);
}

function matches(record: StoredRecord, { from, to, clientid, action }: AuditFilter): boolean {
  return (
    (from === undefined || record.time >= from.getTime()) &&
    (to === undefined || record.time <= to.getTime()) &&
    (clientid === undefined || record.clientId === clientid) &&
    (action === undefined || record.action === action)
  );
}

/** Undefined for a line that is no audit record. */
function parseRecord(line: string): StoredRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { time, project, broker, clientId, action } = value;
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? undefined : { time: at, project, broker, clientId, action };
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function notAvailable(why: string): AppError {
  return new AppError('AUDIT_NOT_AVAILABLE', `${why}, where this service cannot read it`);
}
