import { Readable } from 'node:stream';
import type { Aedes, Client, Subscription } from 'aedes';
import { persistenceOf } from './aedes-internals.js';
import { isControlTopic } from './access-policy.js';

/** What the commands need of the session store. */
export interface SessionStore {
  /** Lets this subscription be made without its retained messages (retain handling, MQTT 5 section 3.8.3.1). */
  withholdRetained(subscription: Subscription): void;
  /** Forgets a subscription in the persistent session of the client. */
  forgetSubscription(client: Client, topic: string): Promise<void>;
}

/**
 * Adds to aedes' session store what it lacks:
 * - aedes 1.2 sends retained messages for every subscription, whatever its retain handling says; here they can be withheld;
 * - control messages are never queued for persistent sessions (a subscription to `#` would collect all of them).
 */
export function extendSessionStore(broker: Aedes): SessionStore {
  const persistence = persistenceOf(broker);
  const withheld = new WeakSet<Subscription>();
  let withholdNow = false;

  // aedes emits this right before it asks for the retained messages, in the same synchronous stretch.
  broker.on('subscribe', ([subscription]) => {
    withholdNow = subscription !== undefined && withheld.has(subscription);
  });
  const retainedMessages = persistence.createRetainedStreamCombi.bind(persistence);
  persistence.createRetainedStreamCombi = (filters) => {
    const withhold = withholdNow;
    withholdNow = false;
    return withhold ? Readable.from([]) : retainedMessages(filters);
  };

  const subscriptionsByTopic = persistence.subscriptionsByTopic.bind(persistence);
  persistence.subscriptionsByTopic = async (topic) =>
    isControlTopic(topic) ? [] : await subscriptionsByTopic(topic);

  return {
    withholdRetained: (subscription) => void withheld.add(subscription),
    forgetSubscription: (client, topic) => persistence.removeSubscriptions(client, [topic]),
  };
}
