import { isJsonObject } from '../../json/json.js';

/** What a broker with the extension endpoint can do, each on its own; anything that it does not name it cannot. */
export const EXTENSION_FEATURES = [
  'disconnect',
  'purge',
  'subscribe',
  'inspect',
  'bans',
  'standingSubscriptions',
  'events',
  'retained',
  'ifConnectedSince',
  'preventWill',
] as const;
export type ExtensionFeature = (typeof EXTENSION_FEATURES)[number];

/** Whose subscriptions the broker can name: everybody's, those made since its plugin was loaded, or nobody's. */
export type SubscriptionsKnown = 'all' | 'since-load' | 'no';

/** What a broker says of its extension endpoint (`describe`). */
export interface ExtensionInfo {
  /** Version of the companion plugin, or `embedded`. */
  readonly plugin: string;
  /** For example `mosquitto 2.1.2`. */
  readonly broker: string;
  /** The client id that the broker knows this connection by; it may have given it another than the one asked for. */
  readonly clientId: string | undefined;
  readonly features: Readonly<Record<ExtensionFeature, boolean>>;
  readonly subscriptionsKnown: SubscriptionsKnown;
  /** For the operator. */
  readonly warnings: readonly string[];
}

/** Reads the answer to `describe`; whatever is missing or of another type counts as not there. */
export function readExtensionInfo(data: Readonly<Record<string, unknown>>): ExtensionInfo {
  const { plugin, broker, you, features, subscriptionsKnown, warnings } = data;
  const flags = isJsonObject(features) ? features : {};
  return {
    plugin: typeof plugin === 'string' ? plugin : 'unknown',
    broker: typeof broker === 'string' ? broker : 'unknown',
    clientId: isJsonObject(you) && typeof you.clientid === 'string' ? you.clientid : undefined,
    features: Object.fromEntries(EXTENSION_FEATURES.map((name) => [name, flags[name] === true])) as Record<
      ExtensionFeature,
      boolean
    >,
    subscriptionsKnown:
      subscriptionsKnown === 'all' || subscriptionsKnown === 'since-load' ? subscriptionsKnown : 'no',
    warnings: Array.isArray(warnings) ? warnings.filter((each) => typeof each === 'string') : [],
  };
}
