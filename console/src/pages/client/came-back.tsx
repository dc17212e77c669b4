import type { ClientRef } from '../../address.js';
import { Status } from '../../components/status.js';
import { eventLog } from '../../event-log.js';
import { duration, now } from '../../times.js';
import { returnOf } from './return-of.js';

/** Says so when a client came back soon after it was disconnected, and offers to keep it out. */
export function CameBack({ client, onBan }: { client: ClientRef; onBan: (() => void) | undefined }) {
  const afterMs = returnOf(eventLog.value, client, now.value);
  if (afterMs === undefined) return null;
  return (
    <div class="drawer-news" role="status">
      <Status kind="busy">It came back after {duration(afterMs)}</Status>
      {onBan !== undefined && (
        <button type="button" onClick={onBan}>
          Ban it…
        </button>
      )}
    </div>
  );
}
