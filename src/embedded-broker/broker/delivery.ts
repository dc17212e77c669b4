import { topicMatches } from '../../mqtt-strings/topic-filter.js';

type Qos = 0 | 1 | 2;

/**
 * The QoS at which a client gets a message: at most that of its matching subscriptions (MQTT 3.1.1 section 3.8.4). aedes
 * 1.2 does that only for filters without wildcards.
 */
export function cappedQos(
  message: { readonly topic: string; readonly qos: Qos },
  subscriptions: Readonly<Record<string, { readonly qos: number }>>,
): Qos {
  if (message.qos === 0) return 0;
  let granted: number | undefined;
  for (const filter in subscriptions) {
    const qos = subscriptions[filter]?.qos ?? 0;
    if (qos > (granted ?? -1) && topicMatches(filter, message.topic)) granted = qos;
    if (granted !== undefined && granted >= message.qos) return message.qos;
  }
  // No match: a message for a subscription that is gone by now.
  return granted === undefined ? message.qos : (granted as Qos);
}

/** Whether the topic belongs to the control APIs. */
export function isControlTopic(topic: string): boolean {
  return topic === '$CONTROL' || topic.startsWith('$CONTROL/');
}
