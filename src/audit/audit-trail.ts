import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { AuditConfig } from '../config/config.js';
import { ConfigError } from '../config/config-error.js';
import { ConfigStore } from '../config/config-store.js';
import { AppError } from '../errors/app-error.js';
import { systemErrorCode } from '../errors/system-error-code.js';
import type { RequestRecord } from '../http/request-record.js';
import { AuditFile } from './audit-file.js';
import { toAuditRecord, type AuditOutcome } from './audit-record.js';

/**
 * The audit trail in `audit.file`; without one, the request lines of the log are the trail and nothing is written here.
 *
 * Never silently incomplete: a line that cannot be written goes to the log, as an error, and is counted. With
 * `audit.required` the request then fails, and no command is sent before a line about it is written.
 */
@Injectable()
export class AuditTrail implements OnModuleInit, OnApplicationShutdown {
  readonly #config: ConfigStore;
  readonly #logger = new Logger(AuditTrail.name);
  #file: AuditFile | undefined;
  #failures = 0;

  constructor(config: ConfigStore) {
    this.#config = config;
    this.#file = fileFor(config.current.audit);
    config.onChange(({ audit }) => this.#follow(audit));
  }

  /** Whether the trail is kept in a file. */
  get isInFile(): boolean {
    return this.#file !== undefined;
  }

  /** Whether requests that cannot be audited fail, so that commands are to be {@link announce}d. */
  get isRequired(): boolean {
    return this.#file !== undefined && this.#config.current.audit.required;
  }

  /** Lines that could not be written since the start. */
  get failureCount(): number {
    return this.#failures;
  }

  /** @throws {ConfigError} when the file cannot be opened */
  async onModuleInit(): Promise<void> {
    try {
      await this.#file?.reopen();
    } catch (error) {
      const message = `names a file that cannot be opened for appending (${codeOf(error)})`;
      throw new ConfigError('the audit trail', [{ path: 'audit.file', message }]);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.#file !== undefined) await this.#close(this.#file);
  }

  /**
   * Writes that a command is about to be sent.
   *
   * @throws {AppError} `INTERNAL_ERROR` when that cannot be written; then it must not be sent
   */
  async announce(record: RequestRecord): Promise<void> {
    if (await this.#write(record, 'STARTED')) return;
    throw new AppError('INTERNAL_ERROR', 'The audit trail cannot be written; the command was not sent', {
      requestId: record.audited?.requestId,
      outcome: 'not-sent',
    });
  }

  /**
   * Writes how a request ended.
   *
   * @returns the error to answer instead, if it could not be written and that is required
   */
  async conclude(record: RequestRecord): Promise<AppError | undefined> {
    if ((await this.#write(record)) || !this.isRequired) return undefined;
    const { errorCode, outcomeDetail } = record;
    const ending =
      errorCode === undefined ? 'The command was carried out' : `The request failed (${errorCode})`;
    return new AppError('INTERNAL_ERROR', `${ending}, but the audit trail cannot be written`, {
      requestId: record.audited?.requestId,
      ...(outcomeDetail && { outcome: outcomeDetail }),
    });
  }

  /** Opens the file afresh, after it was moved away. If that fails, it is tried again with each line. Never rejects. */
  async reopen(): Promise<void> {
    try {
      await this.#file?.reopen();
    } catch (error) {
      this.#logger.error(`the audit file cannot be reopened (${codeOf(error)})`);
    }
  }

  async #write(record: RequestRecord, outcome?: AuditOutcome): Promise<boolean> {
    const line = JSON.stringify(toAuditRecord(record, outcome));
    try {
      await this.#file?.append(line);
      return true;
    } catch (error) {
      this.#failures += 1;
      this.#logger.error(`the audit trail cannot be written (${codeOf(error)})`, line);
      return false;
    }
  }

  #follow(audit: AuditConfig): void {
    const before = this.#file;
    if (before?.path === audit.file && (before === undefined || before.sync === audit.sync)) return;
    this.#file = fileFor(audit);
    if (before !== undefined) void this.#close(before);
  }

  async #close(file: AuditFile): Promise<void> {
    try {
      await file.close();
    } catch (error) {
      this.#logger.error(`the audit file could not be closed (${codeOf(error)})`);
    }
  }
}

function fileFor({ file, sync }: AuditConfig): AuditFile | undefined {
  return file === undefined ? undefined : new AuditFile(file, sync);
}

function codeOf(error: unknown): string {
  return systemErrorCode(error) ?? String(error);
}
