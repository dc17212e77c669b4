import { compileClientFilter, type ClientFilter } from '../../mqtt-strings/client-filter.js';
import { topicForClient } from '../../mqtt-strings/topic-template.js';
import { Turn } from '../broker/turn.js';
import type { ClientOperations, SubscriptionRequest } from './client-operations.js';
import type { ClientTable } from './client-table.js';
import { CommandError } from './command-error.js';
import type { KnownClient, StandingOrigin } from './known-client.js';

const MAX_STANDING_SUBSCRIPTIONS = 1000;

/** A subscription that clients get whenever they connect. */
export interface StandingRequest {
  readonly name: string;
  readonly select: Pick<ClientFilter, 'clientid' | 'username'>;
  /** May hold `${clientid}` in its `topic`. */
  readonly subscription: SubscriptionRequest;
  /** Who set it. */
  readonly by: string | null;
  /** When it was set, epoch milliseconds. */
  readonly since: number;
}

/** One that was set. */
class StandingSubscription implements StandingOrigin {
  clients = 0;
  readonly #matches: (client: KnownClient) => boolean;

  constructor(readonly request: StandingRequest) {
    const filter = compileClientFilter(request.select);
    this.#matches = ({ isControl, summary }) => !isControl && filter.matches(summary);
  }

  get name(): string {
    return this.request.name;
  }

  isFor(client: KnownClient): boolean {
    return this.#matches(client);
  }

  topicFor({ clientId }: KnownClient): string | undefined {
    return topicForClient(this.request.subscription.topic, clientId);
  }

  /** Whether the same clients get the same topics. */
  isSameAs({ request: { select, subscription } }: StandingSubscription): boolean {
    return (
      subscription.topic === this.request.subscription.topic &&
      select.clientid === this.request.select.clientid &&
      select.username === this.request.select.username
    );
  }
}

/**
 * The standing subscriptions, by name. Each is applied to the connected clients when it is set, and to others when they
 * connect; connections that may command never have one. A subscription that a client made itself, or that was made for it
 * by hand, stays what it is.
 */
export class StandingSubscriptions {
  readonly #byName = new Map<string, StandingSubscription>();

  constructor(
    private readonly clients: ClientTable,
    private readonly operations: ClientOperations,
  ) {}

  get size(): number {
    return this.#byName.size;
  }

  /**
   * Sets one instead of that with the same name; what that gave to other clients, or other topics, is taken away first.
   *
   * @returns how many clients have it now, and how many were left out because their id cannot stand in the topic
   * @throws {CommandError} `TOO_MANY`
   */
  async set(request: StandingRequest): Promise<{ clients: number; skipped: number; replaced: boolean }> {
    const before = this.#byName.get(request.name);
    if (before === undefined && this.#byName.size >= MAX_STANDING_SUBSCRIPTIONS) {
      throw new CommandError(
        'TOO_MANY',
        `There are ${MAX_STANDING_SUBSCRIPTIONS} standing subscriptions already`,
        {
          limit: MAX_STANDING_SUBSCRIPTIONS,
        },
      );
    }
    const standing = new StandingSubscription(request);
    if (before !== undefined && !before.isSameAs(standing)) {
      this.#byName.delete(request.name);
      await this.#takeAway(before);
    }
    this.#byName.set(request.name, standing);
    let skipped = 0;
    for await (const client of this.clients.after(0)) {
      // A session that is offline keeps up with what it has, and gets the rest when its client connects.
      const has = before !== undefined && client.topicsOf(before).length > 0;
      if (client.connection === undefined && !has) continue;
      if (standing.isFor(client) && !(await this.#give(standing, client))) skipped += 1;
    }
    return { clients: standing.clients, skipped, replaced: before !== undefined };
  }

  /**
   * @param unsubscribe whether to take it away from the clients that have it
   * @returns how many it was taken away from
   * @throws {CommandError} `STANDING_SUBSCRIPTION_NOT_FOUND`
   */
  async delete(name: string, unsubscribe: boolean): Promise<number> {
    const standing = this.#find(name);
    this.#byName.delete(name);
    return unsubscribe ? this.#takeAway(standing) : 0;
  }

  /** @throws {CommandError} `STANDING_SUBSCRIPTION_NOT_FOUND` */
  get(name: string): StandingRequest & { readonly clients: number } {
    const { request, clients } = this.#find(name);
    return { ...request, clients };
  }

  /** At most `limit` of them by name, of those after the given one. */
  list(
    limit: number,
    after = '',
  ): { page: (StandingRequest & { readonly clients: number })[]; more: boolean } {
    const names = [...this.#byName.keys()].filter((name) => name > after).sort();
    return { page: names.slice(0, limit).map((name) => this.get(name)), more: names.length > limit };
  }

  /** Gives a client that connected what it is to have. */
  async applyTo(client: KnownClient): Promise<void> {
    const turn = new Turn();
    for (const standing of [...this.#byName.values()]) {
      if (turn.isOver) await turn.next();
      if (standing.isFor(client) && this.#byName.get(standing.name) === standing) {
        await this.#give(standing, client);
      }
    }
  }

  #find(name: string): StandingSubscription {
    const standing = this.#byName.get(name);
    if (standing === undefined) {
      throw new CommandError('STANDING_SUBSCRIPTION_NOT_FOUND', 'Standing subscription not found');
    }
    return standing;
  }

  /** @returns false when the client cannot have it */
  async #give(standing: StandingSubscription, client: KnownClient): Promise<boolean> {
    const topic = standing.topicFor(client);
    if (topic === undefined) return false;
    const origin = client.originOf(topic);
    if (origin === standing) return true;
    const isOwn = origin instanceof StandingSubscription && origin.name === standing.name;
    if (!isOwn && this.operations.hasSubscription(client, topic)) return true;
    // Noted first, so that it is given once when a client connects just now.
    client.setOrigin(topic, standing);
    try {
      await this.operations.subscribe(client.clientId, { ...standing.request.subscription, topic }, standing);
      return true;
    } catch {
      // It has left meanwhile, or has too many subscriptions.
      if (client.originOf(topic) === standing) client.dropOrigin(topic);
      return false;
    }
  }

  async #takeAway(standing: StandingSubscription): Promise<number> {
    let count = 0;
    for await (const client of this.clients.after(0)) {
      const topics = client.topicsOf(standing);
      for (const topic of topics)
        await this.operations.unsubscribe(client.clientId, topic).catch(() => undefined);
      if (topics.length === 0) continue;
      count += 1;
      // Another one may be for the same topic.
      if (client.connection !== undefined) await this.applyTo(client);
    }
    return count;
  }
}
