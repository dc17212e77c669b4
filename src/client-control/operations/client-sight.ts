import type { JsonObject } from '../../json/json.js';

/** One client of a broker, to be looked at while something is expected of it. */
export interface ClientSight {
  /** What the broker knows of it now; undefined when it knows no such client. Rejects when the broker does not say. */
  look(): Promise<JsonObject | undefined>;
  /** Calls back when there may be news of it. @returns ends that */
  onNews(callback: () => void): () => void;
  /** Whether somebody still wants to know. */
  isWanted(): boolean;
}

/** That a client came back. */
export interface Reconnected {
  /** Milliseconds from the answer of the broker to its being back. */
  readonly afterMs: number;
  /** Epoch milliseconds, by the broker's clock. */
  readonly lastConnect: number | null;
}

/** What a watch saw. `watchedMs` is there only if it ended before its time. */
export interface WatchResult {
  readonly reconnected: Reconnected | null;
  readonly watchedMs?: number;
}

const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;

/**
 * Watches whether a client that was disconnected comes back. Looks again and again, more and more rarely, and at once
 * when there is news.
 *
 * @param connectedSince `lastConnect` of the connection that ended; another one is a new connection
 */
export async function watchReconnect(
  client: ClientSight,
  watchMs: number,
  connectedSince: unknown,
): Promise<WatchResult> {
  const startedAt = performance.now();
  const passedMs = (): number => Math.round(performance.now() - startedAt);
  let hasNews = (): void => undefined;
  const stop = client.onNews(() => hasNews());
  try {
    for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      const seen = await client.look();
      if (seen?.connected === true && isAnother(seen.lastConnect, connectedSince)) {
        const lastConnect = typeof seen.lastConnect === 'number' ? seen.lastConnect : null;
        return { reconnected: { afterMs: passedMs(), lastConnect } };
      }
      const restMs = watchMs - passedMs();
      if (restMs <= 0) return { reconnected: null };
      if (!client.isWanted()) return { reconnected: null, watchedMs: passedMs() };
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(pauseMs, restMs));
        hasNews = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } catch {
    // The broker does not say any more.
    return { reconnected: null, watchedMs: passedMs() };
  } finally {
    stop();
  }
}

/** A broker that does not tell when a client connected tells of a client that is there after all. */
function isAnother(lastConnect: unknown, connectedSince: unknown): boolean {
  return typeof lastConnect !== 'number' || lastConnect !== connectedSince;
}
