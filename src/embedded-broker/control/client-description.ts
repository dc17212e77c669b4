import { subscriptionsOf } from '../broker/aedes-internals.js';
import type { ConnectedClient } from '../broker/connected-clients.js';

/** A client as `listClients` shows it. Source: the inspect API of Pro Mosquitto; what is not known is left out. */
export function summarizeClient(client: ConnectedClient): Record<string, unknown> {
  return {
    clientid: client.clientId,
    username: client.username ?? '<anonymous>',
    address: client.address,
    protocol: 'MQTT',
    protocolVersion: client.protocolLevel === 3 ? 'v3.1' : 'v3.1.1',
    connected: true,
    lastConnect: client.connectedAt,
    lastDisconnect: null,
  };
}

/** A client as `getClient` shows it: the summary, its session and its subscriptions. */
export function describeClient(client: ConnectedClient): Record<string, unknown> {
  const subscriptions = Object.keys(subscriptionsOf(client.connection));
  return {
    ...summarizeClient(client),
    keepalive: client.keepaliveSeconds,
    cleanSession: client.cleanSession,
    listener: client.listener,
    will: client.will,
    numSubscriptions: subscriptions.length,
    subscriptions,
  };
}
