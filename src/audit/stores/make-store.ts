import type { AuditConfig } from '../../config/config.js';
import type { AuditRecord } from '../audit-record.js';
import type { AuditStore } from './audit-store.js';
import { FileStore } from './file/file-store.js';
import { MemoryStore } from './memory-store.js';
import { PostgresStore } from './postgres/postgres-store.js';

/**
 * Makes the store that is configured; undefined where the log is the trail.
 *
 * @param current where a store finds what may change while it runs, such as a password
 * @param onLost is told of records that a store took and could not keep; resolves when they are written down elsewhere
 */
export function makeStore(
  { store, file, sync, postgres }: AuditConfig,
  current: () => AuditConfig,
  onLost: (records: readonly AuditRecord[]) => Promise<void>,
): AuditStore | undefined {
  switch (store) {
    case 'log':
      return undefined;
    case 'memory':
      return new MemoryStore();
    case 'file':
      return file === undefined ? undefined : new FileStore(file, sync);
    case 'postgres':
      return postgres && new PostgresStore(() => current().postgres ?? postgres, onLost);
  }
}
