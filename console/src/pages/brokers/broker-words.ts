import type { BrokerInfo } from '@mqtt-client-control/client';
import type { StatusKind } from '../../components/status.js';

/** A broker's state as a person would say it. */
export function stateOf(broker: BrokerInfo): { kind: StatusKind; words: string } {
  const because = broker.lastError === null ? '' : `: ${broker.lastError}`;
  switch (broker.state) {
    case 'connected':
      return broker.features.clientControl === 'available' || broker.features.extension === 'available'
        ? { kind: 'ok', words: 'connected' }
        : { kind: 'busy', words: 'connected, cannot be controlled' };
    case 'connecting':
      return { kind: 'busy', words: `connecting${because}` };
    case 'disconnected':
      return { kind: 'bad', words: `not connected${because}` };
    case 'denied':
      return { kind: 'bad', words: `refused us${because}` };
  }
}

/** Something that a broker can do, or why it cannot. */
export interface Ability {
  readonly name: string;
  readonly can: boolean;
  readonly why: string;
}

const BEYOND = [
  ['bans', 'bans'],
  ['standingSubscriptions', 'standing'],
  ['events', 'events'],
  ['retained', 'retained'],
] as const;

/** What a broker can do, as far as it is known since the last connect. */
export function abilitiesOf(broker: BrokerInfo): Ability[] {
  const { featureDetails, extension } = broker;
  const has = featureDetails.extension.state === 'available';
  const either = (api: 'clientControl' | 'clientInspect') => {
    const { state, words } = featureDetails[api];
    const own = extension?.features[api === 'clientControl' ? 'disconnect' : 'inspect'] === true && has;
    return { can: state === 'available' || own, why: own ? 'the broker answers' : words };
  };
  return [
    { name: 'control', ...either('clientControl') },
    { name: 'inspect', ...either('clientInspect') },
    ...BEYOND.map(([feature, name]) => {
      const can = has && extension?.features[feature] === true;
      return { name, can, why: whyBeyond(broker, can) };
    }),
  ];
}

function whyBeyond({ extension, featureDetails, connected }: BrokerInfo, can: boolean): string {
  if (can) return 'the broker answers';
  if (!connected) return 'the broker is not connected';
  if (extension === null) return `needs the companion plugin: ${featureDetails.extension.words}`;
  return `${extension.broker} with ${extension.plugin} cannot do that`;
}

const DAY = 86_400_000;

/** Days left of its certificate: said when they are few. */
export function certificateOf(
  broker: BrokerInfo,
  now: number,
): { words: string; isUrgent: boolean } | undefined {
  if (broker.certificateExpiresAt === null) return undefined;
  const days = Math.floor((broker.certificateExpiresAt - now) / DAY);
  if (days < 0) return { words: 'has expired', isUrgent: true };
  return { words: days === 1 ? '1 day left' : `${days} days left`, isUrgent: days < 21 };
}
