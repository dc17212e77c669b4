import { clientNotFound } from '../../clients/command-error.js';
import { readClientId, readSubscription, readTopicFilter } from '../command-fields.js';
import type { BrokerCommand, ControlledBroker } from '../controlled-broker.js';

const NO_DATA = '{}';

/** Disconnects a client that is connected; its will is published, its session stays. */
export const proDisconnectClient: BrokerCommand = async ({ fields }, broker) => {
  const clientId = readClientId(fields);
  requireConnected(broker, clientId);
  await broker.operations.disconnect(clientId, { withWill: true, cleanSession: false });
  return NO_DATA;
};

/** Subscribes a client that is connected. */
export const proSubscribeClient: BrokerCommand = async ({ fields }, broker) => {
  const clientId = readClientId(fields);
  const subscription = readSubscription(fields);
  requireConnected(broker, clientId);
  await broker.operations.subscribe(clientId, subscription);
  return NO_DATA;
};

/** Unsubscribes a client that is connected; one that was not subscribed is a success. */
export const proUnsubscribeClient: BrokerCommand = async ({ fields }, broker) => {
  const clientId = readClientId(fields);
  const topic = readTopicFilter(fields);
  requireConnected(broker, clientId);
  await broker.operations.unsubscribe(clientId, topic);
  return NO_DATA;
};

/** The Pro API has one error for clients that are not there. */
function requireConnected({ clients }: ControlledBroker, clientId: string): void {
  if (clients.get(clientId)?.connection === undefined) throw clientNotFound();
}
