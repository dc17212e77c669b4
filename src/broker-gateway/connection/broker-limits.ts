import type { IConnackPacket, Packet } from 'mqtt';
import { CONTROL_API_NAMES, type ControlApi } from '../protocol/control-api.js';
import { FAILURE } from './reason-codes.js';

type Suback = Extract<Packet, { cmd: 'suback' }>;

/** What the broker allows on an open connection. */
export interface BrokerLimits {
  /** Largest MQTT packet the broker takes, bytes. */
  readonly maximumPacketSize: number;
  /** Most QoS 1 messages that may be unacknowledged. */
  readonly receiveMaximum: number;
  /** Highest QoS that a message to the broker may have. */
  readonly maximumQos: 0 | 1;
  /** The APIs whose response subscription was refused, with the reason code. */
  readonly deniedApis: ReadonlyMap<ControlApi, number>;
}

/**
 * What CONNACK (MQTT 5 section 3.2.2.3) and SUBACK say of the broker. The response topics were subscribed to at QoS 1, so
 * a smaller granted QoS is MQTT 3.1.1's only hint at the broker's maximum.
 *
 * Of no consequence here: retain, wildcard and shared subscriptions, subscription identifiers and topic aliases, none of
 * which this service uses; and the session, which it asks to be a new one.
 */
export function brokerLimits({ properties }: IConnackPacket, { granted }: Suback): BrokerLimits {
  const codes = granted.map(Number);
  const isGranted = codes.filter((code) => code < FAILURE);
  const isQosLowered = isGranted.length > 0 && isGranted.every((qos) => qos === 0);
  return {
    maximumPacketSize: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    receiveMaximum: properties?.receiveMaximum ?? 65_535,
    maximumQos: properties?.maximumQoS === 0 || isQosLowered ? 0 : 1,
    deniedApis: new Map(
      CONTROL_API_NAMES.flatMap((api, index): [ControlApi, number][] => {
        const code = codes[index] ?? FAILURE;
        return code >= FAILURE ? [[api, code]] : [];
      }),
    ),
  };
}
