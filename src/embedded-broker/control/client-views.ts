import { subscriptionsOf, type LiveSubscription } from '../broker/aedes-internals.js';
import type { ClientTable } from '../clients/client-table.js';
import type { KnownClient } from '../clients/known-client.js';

/** A subscription as our own endpoint shows it. */
interface SubscriptionView {
  readonly topic: string;
  readonly qos: number;
  readonly options: {
    readonly no_local: boolean;
    readonly retain_as_published: boolean;
    readonly retain_handling: number;
  };
  readonly by: 'client' | 'control' | 'standing';
}

type View = Readonly<Record<string, unknown>>;

/** A client in full, but for its subscriptions. What is not known is left out. */
export function clientInFull(client: KnownClient, clients: ClientTable): View {
  const { connection, clientId, summary, details } = client;
  const numSubscriptions =
    connection === undefined
      ? clients.sessions.countSubscriptions(clientId)
      : Object.keys(subscriptionsOf(connection)).length;
  return { ...summary, ...details, numSubscriptions };
}

/** A client as `getClient` of the Pro inspect API shows it: in full, with its topic filters. */
export function clientWithTopics(client: KnownClient, clients: ClientTable): View {
  return {
    ...clientInFull(client, clients),
    subscriptions: liveSubscriptions(client, clients).map(([topic]) => topic),
  };
}

/** A client as `getClient` of our own endpoint shows it: in full, with its subscriptions and who made them. */
export function clientWithSubscriptions(client: KnownClient, clients: ClientTable): View {
  return {
    ...clientInFull(client, clients),
    subscriptions: liveSubscriptions(client, clients).map(([topic, subscription]) =>
      subscriptionView(topic, subscription, client),
    ),
    subscriptionsKnown: 'all',
  };
}

/** The names in every client's summary. */
export const SUMMARY_FIELDS: ReadonlySet<string> = new Set([
  'clientid',
  'username',
  'address',
  'protocol',
  'protocolVersion',
  'connected',
  'lastConnect',
  'lastDisconnect',
  'control',
]);

/** All names that `clientWithSubscriptions` may give. */
export const CLIENT_FIELDS: ReadonlySet<string> = new Set([
  ...SUMMARY_FIELDS,
  'keepalive',
  'cleanSession',
  'listener',
  'numSubscriptions',
  'will',
  'subscriptions',
  'subscriptionsKnown',
]);

function liveSubscriptions(
  { connection, clientId }: KnownClient,
  { sessions }: ClientTable,
): [string, LiveSubscription][] {
  return connection === undefined
    ? sessions.subscriptionsOf(clientId).map((stored) => [stored.topic, stored as LiveSubscription])
    : Object.entries(subscriptionsOf(connection));
}

function subscriptionView(
  topic: string,
  { qos, nl = false, rap = false, rh = 0 }: LiveSubscription,
  client: KnownClient,
): SubscriptionView {
  const origin = client.originOf(topic);
  return {
    topic,
    qos,
    options: { no_local: nl, retain_as_published: rap, retain_handling: rh },
    by: origin === undefined ? 'client' : origin === 'control' ? 'control' : 'standing',
  };
}
