import type { Client } from 'aedes';
import { LIMITS } from './sessions/limits.js';

/** Counts the subscriptions of each connection, those that are under way included. */
export class SubscriptionLimit {
  readonly #granted = new WeakMap<Client, Set<string>>();

  /** Whether the client may have this one more; it counts from now on. */
  grant(client: Client, topic: string): boolean {
    const granted = this.#granted.get(client) ?? new Set();
    if (!granted.has(topic) && granted.size >= LIMITS.subscriptions) return false;
    granted.add(topic);
    this.#granted.set(client, granted);
    return true;
  }

  forget(client: Client, topics: readonly string[]): void {
    const granted = this.#granted.get(client);
    for (const topic of topics) granted?.delete(topic);
  }

  count(client: Client): number {
    return this.#granted.get(client)?.size ?? 0;
  }
}
