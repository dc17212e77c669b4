import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Logger as Pino } from 'pino';
import type { AuditConfig } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { systemErrorCode } from '../errors/system-error-code.js';
import type { RequestRecord } from '../http/request-record.js';
import { AuditCall } from './audit-call.js';
import { brokerRecordsOf, recordOf, type AuditRecord } from './audit-record.js';
import { PacedLog } from './paced-log.js';
import type { AuditStore } from './stores/audit-store.js';
import { makeStore } from './stores/make-store.js';
import { WriteBudget } from './write-budget.js';

/** How long closing a store may take. */
const CLOSE_MS = 3000;
/** How much of that, when the service stops, calls with many items may take to write down how they ended. */
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
  readonly #logger = new Logger(AuditTrail.name);
  /** Calls with many items, from their opening on. */
  readonly #calls = new WeakMap<RequestRecord, AuditCall>();
  /** Those of them that have not ended. */
  readonly #open = new Set<AuditCall>();
  readonly #budget = new WriteBudget();
  readonly #paced = new PacedLog();
  #onAllEnded: (() => void) | undefined;
  #store: AuditStore | undefined;
  #log: Pino | undefined;
  #written = 0;
  #failures = 0;

  constructor(config: ConfigStore) {
    this.#config = config;
    this.#store = this.#make(config.current.audit);
    let before = config.current.audit;
    config.onChange(({ audit }) => {
      this.#follow(audit, before);
      before = audit;
    });
  }

  /** Where the trail is kept; undefined where the log is the trail. */
  get store(): AuditStore | undefined {
    return this.#store;
  }

  /** Whether requests that cannot be audited fail, so that commands are to be {@link announce}d. */
  get isRequired(): boolean {
    return this.#store !== undefined && this.#config.current.audit.required;
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
    await this.#store?.open();
  }

  async onApplicationShutdown(): Promise<void> {
    // The last connections were just cut: calls whose callers did not read their answers end only now.
    const closed = delay(CLOSE_MS, undefined, { ref: false });
    const allEnded = new Promise<void>((resolve) => (this.#onAllEnded = resolve));
    if (this.#open.size > 0) await Promise.race([allEnded, delay(CALLS_MS, undefined, { ref: false })]);
    if (this.#store !== undefined) await this.#close(this.#store, closed);
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
    const lost = await this.#write(this.#store === undefined ? parts : [...parts, recordOf(request)]);
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
          takesLines: this.#store?.appendLines !== undefined,
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
      await this.#store?.reopen();
    } catch (error) {
      this.#logger.error(`the audit file cannot be reopened (${codeOf(error)})`);
    }
  }

  /** @returns how many could not be written */
  async #write(records: readonly AuditRecord[]): Promise<number> {
    if (this.#store === undefined) {
      await this.#paced.write(records, (record) => this.#log?.info(record, 'audit'));
      return 0;
    }
    try {
      await this.#store.append(records, this.isRequired);
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

  #make(audit: AuditConfig): AuditStore | undefined {
    return makeStore(audit, this.#config, (records) => this.#lose(records, 'the database did not come back'));
  }

  /** @returns how many could not be written */
  async #writeLines(lines: Buffer, count: number): Promise<number> {
    const store = this.#store;
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

  #follow(audit: AuditConfig, before: AuditConfig): void {
    if (isDeepStrictEqual(whereItGoes(audit), whereItGoes(before))) return;
    const next = this.#make(audit);
    // A database that refuses us is no place to move to; it may take a moment to tell.
    if (next?.kind === 'postgres') void this.#moveWhenOpen(next, audit);
    else {
      next?.open().catch((error: unknown) => this.#logger.error(`the audit trail: ${String(error)}`));
      this.#moveTo(next);
    }
  }

  async #moveWhenOpen(next: AuditStore, audit: AuditConfig): Promise<void> {
    try {
      await next.open();
      if (audit === this.#config.current.audit) this.#moveTo(next);
      else await this.#close(next);
    } catch (error) {
      this.#logger.error(`the audit trail stays where it was: ${String(error)}`);
      await this.#close(next);
    }
  }

  #moveTo(next: AuditStore | undefined): void {
    const old = this.#store;
    this.#store = next;
    if (old !== undefined) void this.#close(old);
  }

  /** @param deadline a disk or a database that hangs does not keep the process */
  async #close(store: AuditStore, deadline = delay(CLOSE_MS, undefined, { ref: false })): Promise<void> {
    try {
      await Promise.race([store.close(), deadline]);
    } catch (error) {
      this.#logger.error(`the audit trail could not be closed (${codeOf(error)})`);
    }
  }
}

/** Settings whose change needs another store; the others are asked at each use. */
function whereItGoes({ store, file, sync, postgres }: AuditConfig): object {
  const { password, keepDays, ...place } = postgres ?? { password: undefined, keepDays: undefined };
  return { store, file, sync, place };
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
