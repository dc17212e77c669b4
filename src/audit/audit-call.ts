import type { ErrorCode } from '../errors/error-codes.js';
import type { AppError } from '../errors/app-error.js';
import type { RequestRecord } from '../http/request-record.js';
import type { JsonObject } from '../json/json.js';
import {
  ItemLines,
  itemRecords,
  nameCall,
  recordOf,
  type AuditItem,
  type AuditRecord,
  type EndedItem,
} from './audit-record.js';
import type { WriteBudget } from './write-budget.js';

/** Records in one write. */
const BATCH = 500;
/** How long records gather for one: each write keeps those of others waiting. */
const GATHER_MS = 5;

/** What an {@link AuditCall} needs of the trail. */
export interface CallTrail {
  readonly isRequired: boolean;
  /** Whether {@link writeLines} is to be used for items. */
  readonly takesLines: boolean;
  /** Of all calls together: nothing is written outside of it. */
  readonly budget: WriteBudget;
  /** Never rejects. @returns how many could not be written */
  write(records: readonly AuditRecord[]): Promise<number>;
  /** The same with records that are encoded, so many, each with a line break at its end. */
  writeLines(lines: Buffer, count: number): Promise<number>;
  /** The errors to answer when records that are required could not be written. */
  notSent(request: RequestRecord): AppError;
  notConcluded(request: RequestRecord): AppError;
  /** Called once, when the last record of the call was written or lost. */
  onEnd(call: AuditCall): void;
}

/**
 * The records of a call with many operations: one for each item, and at the end one for the call. What they have in common
 * are `callId`, `requestId` and `reason`.
 *
 * Made by `AuditTrail.openCall`; whoever opens a call has to {@link end} it. Memory is bounded when the caller heeds what
 * {@link conclude} returns.
 */
export class AuditCall {
  /** In all records of the call. */
  readonly id: string;
  readonly #trail: CallTrail;
  readonly #request: RequestRecord;
  readonly #toRecord: ReturnType<typeof itemRecords>;
  /** Where the store takes lines, items are encoded at once. */
  readonly #lines: ItemLines | undefined;
  #gathered: AuditRecord[] = [];
  /** Whether something of this turn has ended. */
  #isInTurn = false;
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #onAllWritten: (() => void) | undefined;
  #lost = 0;
  #isAnnounced = false;
  #end: Promise<AppError | undefined> | undefined;

  constructor(trail: CallTrail, request: RequestRecord) {
    this.#trail = trail;
    this.#request = request;
    this.id = nameCall(request);
    this.#toRecord = itemRecords(request);
    this.#lines = trail.takesLines ? new ItemLines(request) : undefined;
  }

  /** Whether items have to be {@link announce}d. */
  get isRequired(): boolean {
    return this.#trail.isRequired;
  }

  /** Whether the call's own record is written, or about to be. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Records that could not be written; each of them is in the log, complete. */
  get lostCount(): number {
    return this.#lost;
  }

  /**
   * Writes that commands are about to be sent, if the trail is required; give it some hundred items at a time.
   *
   * @throws {AppError} `INTERNAL_ERROR` when that cannot be written; then none of them must be sent
   */
  async announce(items: readonly AuditItem[]): Promise<void> {
    if (!this.isRequired) return;
    const records = items.map((item) => this.#toRecord(item, 'STARTED'));
    if (!this.#isAnnounced) records.unshift(recordOf(this.#request, 'STARTED'));
    this.#isAnnounced = true;
    const lost = await this.#write(records);
    if (lost > 0) throw this.#trail.notSent(this.#request);
  }

  /**
   * Writes how an item ended. Never throws.
   *
   * @returns false when the trail is behind: wait for {@link room} before sending more
   */
  conclude(item: EndedItem): boolean {
    if (!this.#isInTurn) this.#beginTurn();
    this.#timer ??= setTimeout(this.#flush, GATHER_MS);
    if (this.#lines === undefined)
      this.#gathered.push(this.#toRecord(item, item.outcome, item.outcomeDetail));
    else this.#lines.add(item);
    if (this.#gatheredCount >= BATCH) this.#flush();
    return this.#trail.budget.hasRoom;
  }

  /** Resolves when there is room for more; it does, even when nothing can be written. */
  room(): Promise<void> {
    return this.#trail.budget.room();
  }

  /**
   * Writes what waits, then the record of the call itself. Only the first time.
   *
   * @param summary how the items ended, in numbers
   * @param errorCode how the call ended, if it was not carried out
   * @returns the error to answer instead, if records could not be written and that is required
   */
  end(summary: JsonObject, errorCode?: ErrorCode): Promise<AppError | undefined> {
    return (this.#end ??= this.#conclude(summary, errorCode));
  }

  async #conclude(summary: JsonObject, errorCode: ErrorCode | undefined): Promise<AppError | undefined> {
    this.#flush();
    const request = this.#request;
    if (this.#waiting > 0) await new Promise<void>((resolve) => (this.#onAllWritten = resolve));
    request.details = { ...request.details, summary };
    await this.#write([recordOf(request, errorCode ?? request.errorCode ?? 'OK')]);
    this.#trail.onEnd(this);
    return this.#lost > 0 && this.isRequired ? this.#trail.notConcluded(request) : undefined;
  }

  get #gatheredCount(): number {
    return this.#lines?.count ?? this.#gathered.length;
  }

  #beginTurn(): void {
    this.#isInTurn = true;
    this.#lines?.stamp();
    setImmediate(() => (this.#isInTurn = false));
  }

  readonly #flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const records = this.#gathered;
    const count = this.#gatheredCount;
    if (count === 0) return;
    this.#gathered = [];
    this.#waiting += count;
    void this.#write(records, this.#lines?.take(), count).then(() => {
      this.#waiting -= count;
      if (this.#waiting === 0) this.#onAllWritten?.();
    });
  };

  /**
   * @param lines the records instead, where they are encoded
   * @returns how many were lost
   */
  async #write(records: readonly AuditRecord[], lines?: Buffer, count = records.length): Promise<number> {
    const trail = this.#trail;
    const lost = await trail.budget.spend(count, () =>
      lines === undefined ? trail.write(records) : trail.writeLines(lines, count),
    );
    this.#lost += lost;
    return lost;
  }
}
