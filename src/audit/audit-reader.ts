import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { AuditTrail } from './audit-trail.js';
import type { AuditPage, AuditQuery, AuditStore } from './stores/audit-store.js';

/** A page of the trail, and where it comes from. */
export interface SourcedPage extends AuditPage {
  /** The store, and for a store of this process alone, which process that is. */
  readonly source: string;
}

const REPLICA = `${hostname()}:${process.pid}`;

/** Reads the audit trail back from wherever it is kept. */
@Injectable()
export class AuditReader {
  readonly #trail: AuditTrail;

  constructor(trail: AuditTrail) {
    this.#trail = trail;
  }

  /**
   * Reads the newest records that fit.
   *
   * @param isWanted asked on the way; when it says no, the rest is not read
   * @throws {AppError} `AUDIT_NOT_AVAILABLE` when the trail goes to the log, and what {@link AuditStore.read} throws
   */
  async read(query: AuditQuery, isWanted: () => boolean): Promise<SourcedPage> {
    const { store } = this.#trail;
    if (store === undefined) {
      throw new AppError(
        'AUDIT_NOT_AVAILABLE',
        'The audit trail goes to the log, where this service cannot read it',
      );
    }
    return { ...(await store.read(query, isWanted)), source: sourceOf(store) };
  }
}

/** @example `memory; replica="cc-7f9d:1"` */
function sourceOf({ kind }: AuditStore): string {
  return kind === 'postgres' ? kind : `${kind}; replica="${REPLICA}"`;
}
