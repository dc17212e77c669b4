import type { EventEmitter } from 'node:events';
import type { Aedes, Client } from 'aedes';
import { addressOf, type KnownClient } from '../clients/known-client.js';
import type { StandingSubscriptions } from '../clients/standing-subscriptions.js';
import type { ClientOperations } from '../clients/client-operations.js';
import type { AccessRules } from './access-policy.js';

/** Who has to know what aedes tells of its clients. */
export interface ClientFollowers extends Omit<AccessRules, 'login'> {
  readonly operations: ClientOperations;
  readonly standingSubscriptions: StandingSubscriptions;
}

/** Passes on what aedes tells of its clients: who comes and goes and why, and who is subscribed to what. */
export function followClients(aedes: Aedes, followers: ClientFollowers): void {
  const { clients, reasons, controlConnections, bans, subscriptionLimit } = followers;
  const { operations, standingSubscriptions } = followers;

  // What clients do wrong ends their connection and is no concern of the process.
  const events: EventEmitter = aedes;
  events.on('error', () => undefined);
  aedes.on('clientError', (connection, error) => {
    // The line broke; anything else is the broker's own decision.
    reasons.note(connection, 'code' in error ? 'lost' : 'other');
  });
  aedes.on('keepaliveTimeout', (connection) => reasons.note(connection, 'keepalive'));

  aedes.on('client', (connection) => {
    const client = clients.add(connection, controlConnections.has(connection));
    // aedes reports no disconnection when a new connection took the id over at the same moment.
    connection.conn.once('close', () => clients.remove(connection));
    if (!client.isControl && bans.isOutdated(connection)) void kickIfBanned(connection, client, followers);
  });
  aedes.on('clientDisconnect', (connection) => clients.remove(connection));
  aedes.on('connackSent', (_, connection) => {
    const client = clients.on(connection);
    if (client !== undefined) void standingSubscriptions.applyTo(client);
  });

  aedes.on('subscribe', (subscriptions, connection) => {
    clients.sessions.beforeRetained(subscriptions[0], connection);
    const client = clients.on(connection);
    if (client !== undefined) operations.noteSubscribed(client, subscriptions);
  });
  aedes.on('unsubscribe', (topics, connection) => {
    subscriptionLimit.forget(connection, topics);
    // At its end aedes unsubscribes a client from everything; its session stays subscribed.
    if (connection.closed) return;
    for (const topic of topics) clients.on(connection)?.dropOrigin(topic);
  });
}

/** For a ban that was set between the check of the login and now. */
async function kickIfBanned(
  connection: Client,
  client: KnownClient,
  { bans, operations }: ClientFollowers,
): Promise<void> {
  const { clientid, username } = client.summary;
  const isBanned = await bans.keepsOut(connection, { clientid, username, address: addressOf(connection) });
  if (!isBanned || !client.isOn(connection)) return;
  await operations
    .disconnect(clientid, { withWill: true, cleanSession: false }, 'banned')
    .catch(() => undefined);
}
