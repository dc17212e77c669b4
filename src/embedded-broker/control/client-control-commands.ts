import type { Client, Subscription } from 'aedes';
import { subscriptionsOf } from '../broker/aedes-internals.js';
import { CommandError } from './command-error.js';
import { readClientId, readSubscribeFields, readTopicFilter, type SendRetain } from './command-fields.js';
import type { ConnectedClients } from '../broker/connected-clients.js';
import type { CommandHandler } from './control-endpoint.js';
import type { SessionStore } from '../broker/session-store.js';

const NO_DATA = '{}';
/** MQTT 5 section 3.8.3.1. */
const RETAIN_HANDLING: Readonly<Record<SendRetain, number>> = { always: 0, new: 1, never: 2 };

/** The commands of the client control API, on the clients that are connected to this broker. */
export function clientControlCommands(
  clients: ConnectedClients,
  sessions: SessionStore,
): Record<string, CommandHandler> {
  const connected = (clientId: string): Client => {
    const client = clients.get(clientId);
    if (client === undefined) throw notFound();
    return client.connection;
  };

  return {
    disconnectClient: async (fields) => {
      const client = connected(readClientId(fields));
      await new Promise<void>((resolve) => client.close(resolve));
      return NO_DATA;
    },

    subscribeClient: async (fields) => {
      const { clientId, topic, qos, noLocal, retainAsPublished, sendRetain } = readSubscribeFields(fields);
      if (topic.startsWith('$share/')) throw new CommandError('Shared subscriptions are not supported');
      const client = connected(clientId);
      const isNew = subscriptionsOf(client)[topic] === undefined;
      const subscription: Subscription = {
        topic,
        qos,
        nl: noLocal,
        rap: retainAsPublished,
        rh: RETAIN_HANDLING[sendRetain],
      };
      if (sendRetain === 'never' || (sendRetain === 'new' && !isNew)) sessions.withholdRetained(subscription);
      await whileConnected(client, (done) => client.subscribe({ subscriptions: [subscription] }, done));
      return NO_DATA;
    },

    unsubscribeClient: async (fields) => {
      const clientId = readClientId(fields);
      const topic = readTopicFilter(fields);
      const client = connected(clientId);
      // aedes does so only when the client itself unsubscribes; the subscription would be back after a reconnect.
      if (!client.clean) await sessions.forgetSubscription(client, topic);
      await whileConnected(client, (done) =>
        client.unsubscribe({ cmd: 'unsubscribe', unsubscriptions: [topic] }, done),
      );
      return NO_DATA;
    },
  };
}

/** Runs an aedes operation that never calls back when the client disconnects meanwhile. */
function whileConnected(
  client: Client,
  start: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(notFound());
    client.conn.once('close', onClose);
    start((error) => {
      client.conn.off('close', onClose);
      if (error) reject(new CommandError(error.message));
      else resolve();
    });
  });
}

function notFound(): CommandError {
  return new CommandError('Client not found');
}
