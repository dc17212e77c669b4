import type { Client, Subscription } from 'aedes';
import { LIMITS } from './sessions/limits.js';

/** What a client's subscriptions cost. */
interface Account {
  readonly costs: Map<string, number>;
  total: number;
}

/**
 * Counts the subscriptions of each connection, those that are under way included, and what they cost: each level of a
 * topic filter takes memory, and time when a message is routed.
 */
export class SubscriptionLimit {
  readonly #accounts = new WeakMap<Client, Account>();
  readonly #trusted = new WeakSet<Subscription>();
  #total = 0;

  /** Lets this one be made on a client's behalf, whatever it costs. */
  trust(subscription: Subscription): void {
    this.#trusted.add(subscription);
  }

  /** Whether the client may have this one more; it counts from now on. */
  grant(client: Client, subscription: Subscription): boolean {
    const { topic } = subscription;
    const account = this.#accountOf(client);
    if (account.costs.has(topic)) return true;
    const cost = subscriptionCost(topic);
    const fits =
      account.costs.size < LIMITS.ownSubscriptions &&
      account.total + cost <= LIMITS.clientSubscriptionCost &&
      this.#total + cost <= LIMITS.totalSubscriptionCost;
    if (!fits && !this.#trusted.has(subscription)) return false;
    account.costs.set(topic, cost);
    account.total += cost;
    this.#total += cost;
    return true;
  }

  /** Whether the client's subscription was granted, and not given up since. */
  isGranted(client: Client, topic: string): boolean {
    return this.#accounts.get(client)?.costs.has(topic) ?? false;
  }

  forget(client: Client, topics: Iterable<string>): void {
    const account = this.#accounts.get(client);
    if (account === undefined) return;
    for (const topic of topics) {
      const cost = account.costs.get(topic) ?? 0;
      account.costs.delete(topic);
      account.total -= cost;
      this.#total -= cost;
    }
  }

  count(client: Client): number {
    return this.#accounts.get(client)?.costs.size ?? 0;
  }

  #accountOf(client: Client): Account {
    const known = this.#accounts.get(client);
    if (known !== undefined) return known;
    const account: Account = { costs: new Map(), total: 0 };
    this.#accounts.set(client, account);
    client.conn.once('close', () => this.forget(client, [...account.costs.keys()]));
    return account;
  }
}

/** What a subscription costs at most, bytes. */
export function subscriptionCost(topic: string): number {
  return 100 + topic.length + 100 * topic.split('/').length;
}
