import { clientNotFound } from '../../clients/command-error.js';
import type { KnownClient } from '../../clients/known-client.js';
import { readClientId, readSubscription, readTopicFilter } from '../command-fields.js';
import type { BrokerCommand, ControlledBroker } from '../controlled-broker.js';

const NO_DATA = '{}';

/** A command on a client that is connected, which it is given beside what every command is given. */
type ConnectedClientCommand = (
  client: KnownClient,
  ...rest: Parameters<BrokerCommand>
) => ReturnType<BrokerCommand>;

/** Finds the client first, and says when it is not there. */
export function onConnectedClient(run: ConnectedClientCommand): BrokerCommand {
  return (request, broker) => run(requireConnected(broker, readClientId(request.fields)), request, broker);
}

/** Disconnects a client; its will is published, its session stays. */
export const proDisconnect: ConnectedClientCommand = async ({ clientId }, _, { operations }) => {
  await operations.disconnect(clientId, { withWill: true, cleanSession: false });
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
function requireConnected({ clients }: ControlledBroker, clientId: string): KnownClient {
  const client = clients.get(clientId);
  if (client?.connection === undefined) throw clientNotFound();
  return client;
}
