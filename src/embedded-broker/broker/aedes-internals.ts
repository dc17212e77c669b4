import type { Readable } from 'node:stream';
import type { Aedes, Client, Subscription } from 'aedes';

/** A subscription as aedes keeps it. */
export interface LiveSubscription {
  readonly qos: number;
}

/** What the embedded broker uses of aedes' session store. */
export interface AedesPersistence {
  createRetainedStreamCombi(filters: string[]): Readable;
  subscriptionsByTopic(topic: string): Promise<unknown[]>;
  removeSubscriptions(client: Client, filters: string[]): Promise<void>;
}

/**
 * The session store of a started broker. Not in aedes' types; checked here, so that an aedes that is built differently
 * is found at start.
 *
 * @throws {Error} when aedes is built differently
 */
export function persistenceOf(broker: Aedes): AedesPersistence {
  const { persistence } = broker as unknown as { persistence?: Partial<AedesPersistence> };
  if (
    typeof persistence?.createRetainedStreamCombi !== 'function' ||
    typeof persistence.subscriptionsByTopic !== 'function' ||
    typeof persistence.removeSubscriptions !== 'function'
  ) {
    throw new Error('this version of aedes keeps sessions in another way');
  }
  return persistence as AedesPersistence;
}

/** The client's subscriptions by topic filter. Not in aedes' types. An object without prototype, so any filter is safe. */
export function subscriptionsOf(client: Client): Readonly<Record<string, LiveSubscription>> {
  return (client as unknown as { subscriptions: Record<string, LiveSubscription> }).subscriptions;
}

/** The id of the client that published the message; `undefined` for the broker itself. Not in aedes' types. */
export function publisherOf(packet: object): string | undefined {
  const { clientId } = packet as { clientId?: Subscription['clientId'] };
  return clientId;
}
