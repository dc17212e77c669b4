import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { systemErrorCode } from '../errors/system-error-code.js';
import type { RequestRecord } from '../http/request-record.js';
import { AuditCall } from './audit-call.js';
import { AuditPlace, closeDeadline } from './audit-place.js';
import { brokerRecordsOf, recordOf, type AuditRecord } from './audit-record.js';
import { PacedLog } from './paced-log.js';
import type { AuditStore } from './stores/audit-store.js';
import { WriteBudget } from './write-budget.js';

/** How much of the time for closing the store, when the service stops, calls with many items may take to write down how they ended. */
const CALLS_MS = 1000;

/**
 * The audit trail: writes down who does what to which client, in the configured store. Without one, the request lines of
 * the log are the trail, and only the parts of calls, their items or brokers, are written here, to the log as well.
 *
 * Never silently incomplete: a record that cannot be written goes to the log, as an error, and is counted. With
 * `audit.required` the request then fails, and no command is sent before a record about it is written.
 */
@Injectable()
export class AuditTrail implements OnModuleInit, OnApplicationShutdown {
  readonly #config: ConfigStore;
  readonly #place: AuditPlace;
  readonly #logger = new Logger(AuditTrail.name);
  /** Calls with many items, from their opening on. */
  readonly #calls = new WeakMap<RequestRecord, AuditCall>();
  /** Those of them that have not ended. */
  readonly #open = new Set<AuditCall>();
  readonly #budget = new WriteBudget();
  readonly #paced = new PacedLog();
  #onAllEnded: (() => void) | undefined;
  #log: Pino | undefined;
  #written = 0;
  #failures = 0;

  constructor(config: ConfigStore) {
    this.#config = config;
    this.#place = new AuditPlace(config, (records) => this.#lose(records, 'the database did not come back'));
  }

  /** Where the trail is kept; undefined where the log is the trail. */
  get store(): AuditStore | undefined {
    return this.#place.store;
  }

  /** Whether requests that cannot be audited fail, so that commands are to be {@link announce}d. */
  get isRequired(): boolean {
    return this.store !== undefined && this.#config.current.audit.required;
  }

  /** Records that were written since the start. */
  get writtenCount(): number {
    return this.#written;
  }

  /** Records that could not be written since the start. */
  get failureCount(): number {
    return this.#failures;
  }

  /** @throws {ConfigError} when the store cannot work as it is configured */
  async onModuleInit(): Promise<void> {
    await this.store?.open();
  }

  async onApplicationShutdown(): Promise<void> {
    // The last connections were just cut: calls whose callers did not read their answers end only now.
    const closed = closeDeadline();
    const allEnded = new Promise<void>((resolve) => (this.#onAllEnded = resolve));
    if (this.#open.size > 0) await Promise.race([allEnded, delay(CALLS_MS, undefined, { ref: false })]);
    await this.#place.close(closed);
  }

  /** Where the items of calls go while the log is the trail. */
  logTo(logger: Pino): void {
    this.#log = logger;
  }

  /**
   * Writes that a command is about to be sent, or one to each of several brokers.
   *
   * @throws {AppError} `INTERNAL_ERROR` when that cannot be written; then it must not be sent
   */
  async announce(request: RequestRecord): Promise<void> {
    const parts = brokerRecordsOf(request);
    if ((await this.#write([...parts, recordOf(request, 'STARTED')])) > 0) throw notSent(request);
  }

  /**
   * Writes how a request ended, on each broker if it was about several. Does nothing for a call with many items that is being
   * carried out: its end writes that.
   *
   * @returns the error to answer instead, if it could not be written and that is required
   */
  async conclude(request: RequestRecord): Promise<AppError | undefined> {
    const call = this.#calls.get(request);
    if (call !== undefined) {
      return call.isEnded || request.errorCode === undefined ? undefined : call.end({}, request.errorCode);
    }
    const parts = brokerRecordsOf(request);
    // Where the log is the trail, the line of the request is the record of the whole.
    const lost = await this.#write(this.store === undefined ? parts : [...parts, recordOf(request)]);
    return lost > 0 && this.isRequired ? notConcluded(request) : undefined;
  }

  /** Begins the records of a call with many items, which then has to be ended. The same call for the same request. */
  openCall(request: RequestRecord): AuditCall {
    let call = this.#calls.get(request);
    if (call === undefined) {
      const { isRequired } = this;
      call = new AuditCall(
        {
          isRequired,
          takesLines: this.store?.appendLines !== undefined,
          budget: this.#budget,
          write: (records) => this.#write(records),
          writeLines: (lines, count) => this.#writeLines(lines, count),
          notSent,
          notConcluded,
          onEnd: (ended) => {
            this.#open.delete(ended);
            if (this.#open.size === 0) this.#onAllEnded?.();
          },
        },
        request,
      );
      this.#calls.set(request, call);
      this.#open.add(call);
    }
    return call;
  }

  /** Opens a file afresh, after it was moved away. If that fails, it is tried again with each record. Never rejects. */
  async reopen(): Promise<void> {
    try {
      await this.store?.reopen();
    } catch (error) {
      this.#logger.error(`the audit file cannot be reopened (${codeOf(error)})`);
    }
  }

  /** @returns how many could not be written */
  async #write(records: readonly AuditRecord[]): Promise<number> {
    if (this.store === undefined) {
      await this.#paced.write(records, (record) => this.#log?.info(record, 'audit'));
      return 0;
    }
    try {
      await this.store.append(records, this.isRequired);
      this.#written += records.length;
      return 0;
    } catch (error) {
      await this.#lose(records, codeOf(error));
      return records.length;
    }
  }

  /** @param records some are encoded already */
  async #lose(records: readonly (AuditRecord | string)[], why: string): Promise<void> {
    this.#failures += records.length;
    const message = `the audit trail cannot be written (${why})`;
    await this.#paced.write(records, (record) =>
      this.#logger.error(message, typeof record === 'string' ? record : JSON.stringify(record)),
    );
  }

  /** @returns how many could not be written */
  async #writeLines(lines: Buffer, count: number): Promise<number> {
    const store = this.store;
    const each = (): string[] =>
      lines
        .toString()
        .split('\n')
        .filter((line) => line !== '');
    // The store may be another one since the call began.
    if (store?.appendLines === undefined) {
      return this.#write(each().map((line) => JSON.parse(line) as AuditRecord));
    }
    try {
      await store.appendLines(lines, count);
      this.#written += count;
      return 0;
    } catch (error) {
      await this.#lose(each(), codeOf(error));
      return count;
    }
  }
}

function notSent({ audited }: RequestRecord): AppError {
  return new AppError('INTERNAL_ERROR', 'The audit trail cannot be written; the command was not sent', {
    requestId: audited?.requestId,
    outcome: 'not-sent',
  });
}

function notConcluded({ audited, errorCode, outcomeDetail }: RequestRecord): AppError {
  const ending =
    errorCode === undefined ? 'The command was carried out' : `The request failed (${errorCode})`;
  return new AppError('INTERNAL_ERROR', `${ending}, but the audit trail cannot be written`, {
    requestId: audited?.requestId,
    ...(outcomeDetail && { outcome: outcomeDetail }),
  });
}

function codeOf(error: unknown): string {
  return systemErrorCode(error) ?? String(error);
}
