import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import type { AuditConfig } from '../config/config.js';
import type { ConfigStore } from '../config/config-store.js';
import { systemErrorCode } from '../errors/system-error-code.js';
import type { AuditRecord } from './audit-record.js';
import type { AuditStore } from './stores/audit-store.js';
import { makeStore } from './stores/make-store.js';

/** How long closing a store may take. */
const CLOSE_MS = 3000;

/** Is told of records that a store took and could not keep; resolves when they are written down elsewhere. */
type OnLost = (records: readonly AuditRecord[]) => Promise<void>;

/** A store, and its settings as they are now; those that do not say where it is may change while it is used. */
class Place {
  readonly store: AuditStore | undefined;

  constructor(
    public settings: AuditConfig,
    onLost: OnLost,
  ) {
    this.store = makeStore(settings, () => this.settings, onLost);
  }
}

/**
 * Where the trail is kept, which moves when the configuration says so.
 *
 * A database is moved to once it is open. One that refuses us is no place to move to: the trail stays where it was, and that is
 * tried again with every configuration that says so, changed or not.
 */
export class AuditPlace {
  readonly #onLost: OnLost;
  readonly #logger = new Logger('AuditTrail');
  #used: Place;
  /** What is being opened, to be moved to. */
  #next: Place | undefined;
  /** The place that could not be opened when it was last tried. */
  #unopened: Place | undefined;

  constructor(config: ConfigStore, onLost: OnLost) {
    this.#onLost = onLost;
    this.#used = new Place(config.current.audit, onLost);
    config.onChange(({ audit }) => this.#follow(audit));
  }

  /** Undefined where the log is the trail. */
  get store(): AuditStore | undefined {
    return this.#used.store;
  }

  /** Closes the store. Never rejects. @param deadline a disk or a database that hangs does not keep the process */
  async close(deadline: Promise<void>): Promise<void> {
    this.#next = undefined;
    await this.#close(this.#used, deadline);
  }

  /** @throws the error for which the trail stays where it was, or cannot be written where it is now; it is logged, too */
  async #follow(settings: AuditConfig): Promise<void> {
    this.#next = undefined;
    if (isDeepStrictEqual(whereItGoes(settings), whereItGoes(this.#used.settings))) {
      this.#used.settings = settings;
      if (this.#used === this.#unopened) await this.#opened(this.#used, 'the audit trail');
      return;
    }
    const next = new Place(settings, this.#onLost);
    if (next.store?.kind !== 'postgres') {
      this.#moveTo(next);
      await this.#opened(next, 'the audit trail');
      return;
    }
    this.#next = next;
    try {
      // Which may take a moment, and the configuration may change again meanwhile.
      await this.#opened(next, 'the audit trail stays where it was');
      if (this.#next === next) this.#moveTo(next);
      else await this.#close(next);
    } catch (error) {
      await this.#close(next);
      throw error;
    }
  }

  async #opened(place: Place, message: string): Promise<void> {
    try {
      await place.store?.open();
      this.#unopened = undefined;
    } catch (error) {
      this.#unopened = place;
      this.#logger.error(`${message}: ${String(error)}`);
      throw error;
    }
  }

  #moveTo(next: Place): void {
    const old = this.#used;
    this.#used = next;
    this.#next = undefined;
    void this.#close(old);
  }

  async #close({ store }: Place, deadline = closeDeadline()): Promise<void> {
    try {
      await Promise.race([store?.close(), deadline]);
    } catch (error) {
      const code = systemErrorCode(error) ?? String(error);
      this.#logger.error(`the audit trail could not be closed (${code})`);
    }
  }
}

/** Resolves when closing a store takes too long. */
export function closeDeadline(): Promise<void> {
  return delay(CLOSE_MS, undefined, { ref: false });
}

/** Settings whose change needs another store; the others are asked at each use. */
function whereItGoes({ store, file, sync, postgres }: AuditConfig): object {
  const { password, keepDays, ...place } = postgres ?? { password: undefined, keepDays: undefined };
  return { store, file, sync, place };
}
