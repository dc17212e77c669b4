/* eslint-disable @typescript-eslint/require-await -- aedes asks with promises, also of a store that has all in memory. */
import { Readable } from 'node:stream';
import type { Client, Subscription } from 'aedes';
import { isControlTopic } from '../delivery.js';
import type { Shortage } from './limits.js';
import { MessageQueues } from './message-queues.js';
import { RetainedMessages } from './retained-messages.js';
import type { MessagePacket } from './stored-message.js';
import { SubscriptionIndex } from './subscription-index.js';

type Qos = 0 | 1 | 2;
type ClientRef = Pick<Client, 'id'>;
/** A subscription of a session, as aedes restores it. */
export type StoredSubscription = Pick<Subscription, 'topic' | 'qos' | 'nl' | 'rap' | 'rh'>;
/** One client's share of a message that is queued for sessions. */
interface QueueTarget {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: Qos;
}

/**
 * What aedes keeps for its clients: retained messages, and of persistent sessions the subscriptions, the messages that
 * were not acknowledged and the packet identifiers that were received (its own store has no limits and no way to look
 * into it). In memory, up to `LIMITS`. The methods in the upper part are those that aedes calls.
 *
 * Control messages are never queued: a session that subscribed to `#` would collect all of them.
 */
export class SessionStore {
  readonly #subscriptions = new Map<string, Map<string, StoredSubscription>>();
  readonly #index = new SubscriptionIndex();
  /** Packet identifiers of QoS 2 messages that were received and not released yet. */
  readonly #received = new Map<string, Set<number>>();
  readonly #withheld = new WeakSet<Subscription>();
  readonly #shortages = new Set<Shortage>();
  readonly #queues = new MessageQueues(() => this.note('queued'));
  readonly #retained = new RetainedMessages(() => this.note('retained'));
  /** The lists of subscriptions that aedes is handing over. */
  readonly #adding = new WeakMap<readonly StoredSubscription[], Promise<void>>();
  readonly #isGranted: (client: Client, topic: string) => boolean;
  #withholdNow = false;
  #subscriber: Pick<Client, 'closed'> | undefined;

  /** @param isGranted whether a connected client may have the subscription that it asks for */
  constructor(isGranted: (client: Client, topic: string) => boolean = () => true) {
    this.#isGranted = isGranted;
  }

  async setup(): Promise<void> {
    // Nothing to open.
  }

  async storeRetained(packet: MessagePacket): Promise<void> {
    this.#retained.store(packet);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    const withhold = this.#withholdNow;
    const subscriber = this.#subscriber;
    this.beforeRetained(undefined, undefined);
    return Readable.from(withhold ? [] : this.#retainedFor(filters, subscriber));
  }

  /**
   * aedes hands over the list of a SUBSCRIBE packet as a whole once for each of its entries (100,000 of them would take
   * hours), before it knows which are granted, and right in one stretch: stored once, after that.
   */
  addSubscriptions(client: ClientRef, added: readonly StoredSubscription[]): Promise<void> {
    const adding =
      this.#adding.get(added) ??
      Promise.resolve().then(() => {
        const isConnected = (ref: ClientRef): ref is Client => 'conn' in ref;
        const granted = added.filter(({ topic }) => !isConnected(client) || this.#isGranted(client, topic));
        this.#add(client.id, granted);
      });
    this.#adding.set(added, adding);
    return adding;
  }

  async removeSubscriptions({ id }: ClientRef, topics: readonly string[]): Promise<void> {
    const stored = this.#subscriptions.get(id);
    for (const topic of topics) if (stored?.delete(topic) === true) this.#index.remove(topic, id);
    if (stored?.size === 0) this.#subscriptions.delete(id);
  }

  async cleanSubscriptions({ id }: ClientRef): Promise<void> {
    for (const topic of this.#subscriptions.get(id)?.keys() ?? []) this.#index.remove(topic, id);
    this.#subscriptions.delete(id);
    this.#queues.clear(id);
  }

  async subscriptionsByClient({ id }: ClientRef): Promise<StoredSubscription[]> {
    return this.subscriptionsOf(id);
  }

  async subscriptionsByTopic(topic: string): Promise<QueueTarget[]> {
    if (isControlTopic(topic)) return [];
    return this.#index.match(topic).map(({ clientId, qos }) => ({ clientId, topic, qos: qos as Qos }));
  }

  async outgoingEnqueueCombi(targets: readonly QueueTarget[], packet: MessagePacket): Promise<void> {
    for (const { clientId, qos } of targets) {
      this.#queues.add(clientId, packet, Math.min(qos, packet.qos) as Qos);
    }
  }

  async outgoingEnqueue({ clientId }: QueueTarget, packet: MessagePacket): Promise<void> {
    this.#queues.add(clientId, packet, packet.qos);
  }

  async outgoingUpdate({ id }: ClientRef, packet: MessagePacket): Promise<void> {
    this.#queues.update(id, packet);
  }

  async outgoingClearMessageId({ id }: ClientRef, packet: MessagePacket): Promise<MessagePacket | undefined> {
    return this.#queues.take(id, packet);
  }

  outgoingStream({ id }: ClientRef): Readable {
    return Readable.from(this.#queues.of(id));
  }

  async incomingStorePacket({ id }: ClientRef, { messageId = 0 }: MessagePacket): Promise<void> {
    const received = this.#received.get(id) ?? new Set();
    received.add(messageId);
    this.#received.set(id, received);
  }

  /** @throws {Error} when no such message was received, which is how aedes asks */
  async incomingGetPacket({ id }: ClientRef, { messageId = 0 }: MessagePacket): Promise<MessagePacket> {
    if (this.#received.get(id)?.has(messageId) !== true) throw new Error('no such packet');
    return { cmd: 'publish', topic: '', payload: '', qos: 2, retain: false, messageId };
  }

  async incomingDelPacket({ id }: ClientRef, { messageId = 0 }: MessagePacket): Promise<void> {
    const received = this.#received.get(id);
    received?.delete(messageId);
    if (received?.size === 0) this.#received.delete(id);
  }

  async cleanIncoming({ id }: ClientRef): Promise<void> {
    this.#received.delete(id);
  }

  // Wills are kept by aedes with the connection; the copies are for other brokers of a cluster.
  async putWill(): Promise<void> {
    // Not kept.
  }
  async delWill(): Promise<void> {
    // Not kept.
  }
  streamWill(): Readable {
    return Readable.from([]);
  }

  /** Call it when aedes tells of a subscription: that is right before it asks for the retained messages, in one stretch. */
  beforeRetained(
    subscription: Subscription | undefined,
    subscriber: Pick<Client, 'closed'> | undefined,
  ): void {
    this.#withholdNow = subscription !== undefined && this.#withheld.has(subscription);
    this.#subscriber = subscriber;
  }

  /**
   * Lets this subscription be made without its retained messages (retain handling, MQTT 5 section 3.8.3.1): aedes 1.2
   * sends them for every subscription.
   */
  withholdRetained(subscription: Subscription): void {
    this.#withheld.add(subscription);
  }

  holdsRetained(filter: string): Promise<boolean> {
    return this.#retained.holdsMatchOf(filter);
  }

  /** The subscriptions of a persistent session. */
  subscriptionsOf(clientId: string): StoredSubscription[] {
    return [...(this.#subscriptions.get(clientId)?.values() ?? [])];
  }

  /** The subscription of a persistent session to exactly this filter. */
  subscriptionOf(clientId: string, topic: string): StoredSubscription | undefined {
    return this.#subscriptions.get(clientId)?.get(topic);
  }

  countSubscriptions(clientId: string): number {
    return this.#subscriptions.get(clientId)?.size ?? 0;
  }

  /** Forgets all that is kept for a client. */
  async removeSession(clientId: string): Promise<void> {
    await this.cleanSubscriptions({ id: clientId });
    await this.cleanIncoming({ id: clientId });
  }

  /** Notes that something did not fit. */
  note(shortage: Shortage): void {
    this.#shortages.add(shortage);
  }

  /** What did not fit so far. */
  get shortages(): ReadonlySet<Shortage> {
    return this.#shortages;
  }

  /** Ends when the subscriber is gone: aedes would go on with what nobody gets. */
  async *#retainedFor(
    filters: readonly string[],
    subscriber: Pick<Client, 'closed'> | undefined,
  ): AsyncGenerator<MessagePacket, void> {
    for (const filter of filters) {
      for await (const message of this.#retained.matching(filter)) {
        if (subscriber?.closed === true) return;
        yield message;
      }
    }
  }

  #add(id: string, added: readonly StoredSubscription[]): void {
    const stored = this.#subscriptions.get(id) ?? new Map<string, StoredSubscription>();
    for (const { topic, qos, nl, rap, rh } of added) {
      stored.set(topic, {
        topic,
        qos,
        ...(nl !== undefined && { nl }),
        ...(rap !== undefined && { rap }),
        ...(rh !== undefined && { rh }),
      });
      if (qos > 0) this.#index.add(topic, id, qos);
      else this.#index.remove(topic, id);
    }
    if (stored.size > 0) this.#subscriptions.set(id, stored);
  }
}
