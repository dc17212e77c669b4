import type { AuditConfig } from '../../config/config.js';
import type { AuditStore } from './audit-store.js';
import { FileStore } from './file/file-store.js';
import { MemoryStore } from './memory-store.js';

/** Makes the store that is configured; undefined where the log is the trail. */
export function makeStore({ store, file, sync }: AuditConfig): AuditStore | undefined {
  switch (store) {
    case 'log':
      return undefined;
    case 'memory':
      return new MemoryStore();
    case 'file':
      return file === undefined ? undefined : new FileStore(file, sync);
    case 'postgres':
      return undefined;
  }
}
