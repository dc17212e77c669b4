import type { BrokerInfo } from '@mqtt-client-control/client';
import type { IntentKind } from './intent.js';

type Feature = keyof NonNullable<BrokerInfo['extension']>['features'];

/** Whether a broker can do something beyond the Pro API. */
function has(broker: BrokerInfo, feature: Feature): boolean {
  return broker.features.extension === 'available' && broker.extension?.features[feature] === true;
}

/** Why a broker cannot do what is asked for; undefined: it can, or nobody knows yet. */
export function whyNot(broker: BrokerInfo, kind: IntentKind | 'standing'): string | undefined {
  if (!broker.connected) return `${broker.name} is not connected`;
  switch (kind) {
    case 'ban':
      return has(broker, 'bans')
        ? undefined
        : `${broker.name} cannot keep clients out: it needs the companion plugin`;
    case 'standing':
      return has(broker, 'standingSubscriptions')
        ? undefined
        : `${broker.name} has no standing subscriptions: it needs the companion plugin`;
    case 'disconnect':
    case 'subscribe':
    case 'unsubscribe':
    case 'move': {
      if (has(broker, kind === 'disconnect' ? 'disconnect' : 'subscribe')) return undefined;
      const { state, words } = broker.featureDetails.clientControl;
      return state === 'available' || state === 'unknown'
        ? undefined
        : `${broker.name} cannot do that: ${words}`;
    }
  }
}

/** Why a choice of `disconnect` is not to be had on a broker. */
export function whyNoChoice(broker: BrokerInfo, choice: 'purge' | 'preventWill'): string | undefined {
  if (!broker.connected || has(broker, choice)) return undefined;
  return `${broker.name} cannot do that: it needs the companion plugin`;
}

/** Why none of the brokers can; where some can, the others are named before anything is done. */
export function whyNone(
  list: readonly BrokerInfo[],
  why: (broker: BrokerInfo) => string | undefined,
): string | undefined {
  const reasons = list.map(why);
  return list.length > 0 && reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
}
