import type { ClientRef } from '../../address.js';
import type { LogLine } from '../../event-log.js';

/** Later than this after it was disconnected, its return is nothing special. */
const SOON_MS = 30_000;
/** For how long its return is worth a word. */
const WORTH_MS = 120_000;

/**
 * How long after it was disconnected through the service a client came back, milliseconds; undefined if it did not, or if
 * that is old news.
 *
 * @param lines the newest first
 */
export function returnOf(lines: readonly LogLine[], client: ClientRef, now: number): number | undefined {
  let cameAt: number | undefined;
  for (const line of lines) {
    if (!('event' in line) || !('clientid' in line.event)) continue;
    const { event, at } = line;
    if (event.clientid !== client.clientid || event.broker !== client.broker) continue;
    if (event.type === 'client.connected') {
      if (now - at > WORTH_MS) return undefined;
      cameAt = at;
    } else if (event.type === 'client.disconnected') {
      if (cameAt === undefined || event.reason !== 'kicked') return undefined;
      return cameAt - at <= SOON_MS ? cameAt - at : undefined;
    }
  }
  return undefined;
}
