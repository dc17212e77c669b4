import type { ControlCommand } from './control-protocol.js';

/** A retained message, as the broker gives it to who subscribes. */
export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly properties?: MessageProperties | undefined;
}

/** MQTT 5 properties of a message, as the MQTT client reads them. Source: MQTT 5 section 3.3.2.3. */
export interface MessageProperties {
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  readonly payloadFormatIndicator?: boolean;
  readonly messageExpiryInterval?: number;
  readonly userProperties?: Readonly<Record<string, string | string[]>>;
}

/** Why a client was not handed every retained message of its subscription. */
export type RetainedGap =
  /** There are more than are handed over at once, by number or by bytes. */
  | 'count'
  | 'bytes'
  /** The broker's `requestTimeoutMs` was over first. */
  | 'time'
  /** They changed again and again meanwhile. */
  | 'changing'
  /** The broker did not take a message: the client left, connected again or is no longer subscribed. */
  | 'refused'
  /** The broker refused the connection that reads them, or its subscription. */
  | 'denied'
  /** A connection was lost. */
  | 'lost';

/** What became of the retained messages of a subscription: `retained` of the data of a `subscribeClient` that was carried out. */
export interface RetainedOutcome {
  /** Messages that the broker took for the client. */
  readonly delivered: number;
  readonly incomplete?: RetainedGap;
}

/** What a client is subscribed to. */
export interface RetainedTarget {
  readonly clientid: string;
  /** The topic filter. */
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
}

/** The command that hands one message over; an empty payload says that there is none any more. */
export function deliverCommand(
  { clientid, topic, qos }: RetainedTarget,
  message: RetainedMessage,
): ControlCommand {
  const properties = propertiesOf(message.properties ?? {});
  return {
    command: 'deliverRetained',
    clientid,
    subscription: topic,
    topic: message.topic,
    qos: Math.min(qos, message.qos),
    payload: message.payload.toString('base64'),
    ...(Object.keys(properties).length > 0 && { properties }),
  };
}

/**
 * What has to be handed over so that a client that was handed `before` has `now`. A message that is gone is replaced by an
 * empty one, as the broker does when it is cleared, unless it may just have expired.
 */
export function changesBetween(
  before: ReadonlyMap<string, RetainedMessage>,
  now: ReadonlyMap<string, RetainedMessage>,
): RetainedMessage[] {
  const changed = [...now.values()].filter(
    ({ topic, payload }) => before.get(topic)?.payload.equals(payload) !== true,
  );
  const cleared = [...before.values()].filter(
    ({ topic, payload, properties }) =>
      !now.has(topic) && payload.length > 0 && properties?.messageExpiryInterval === undefined,
  );
  return [...changed, ...cleared.map(({ topic, qos }) => ({ topic, qos, payload: Buffer.alloc(0) }))];
}

/** The properties as the control protocol spells them. What the broker lets through and the plugin refuses is left out. */
function propertiesOf(properties: MessageProperties): Readonly<Record<string, unknown>> {
  const { contentType, responseTopic, correlationData, messageExpiryInterval } = properties;
  const { payloadFormatIndicator, userProperties = {} } = properties;
  const pairs = Object.entries(userProperties).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value]),
  );
  return {
    ...(contentType !== undefined && contentType !== '' && { contentType }),
    ...(responseTopic !== undefined && responseTopic !== '' && { responseTopic }),
    ...(correlationData !== undefined && { correlationData: correlationData.toString('base64') }),
    ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator: payloadFormatIndicator ? 1 : 0 }),
    ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
    ...(pairs.length > 0 && { userProperties: pairs }),
  };
}
