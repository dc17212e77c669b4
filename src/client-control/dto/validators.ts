import { Check } from '../../http/body/check.decorator.js';
import { mqttStringProblem } from '../../mqtt-strings/mqtt-string.js';
import { isSharedSubscription, topicFilterProblem } from '../../mqtt-strings/topic-filter.js';

/** A client id: an MQTT string that is not empty. */
export const IsClientId = (): PropertyDecorator => Check('isClientId', mqttStringProblem);

/** A topic filter as MQTT 5 section 4.7 defines it. */
export const IsTopicFilter = (): PropertyDecorator => Check('isTopicFilter', topicFilterProblem);

/** On the subscription options: `no_local` on a shared subscription is a protocol error. Source: MQTT 5 section 3.8.3.1. */
export const FitsTopic = (): PropertyDecorator =>
  Check('fitsTopic', (options, dto) => {
    const { topic } = dto as { readonly topic?: unknown };
    const isShared = typeof topic === 'string' && isSharedSubscription(topic);
    const noLocal =
      typeof options === 'object' && options !== null && 'no_local' in options && options.no_local === true;
    return isShared && noLocal
      ? 'must not have no_local: true together with a shared subscription ($share/…)'
      : undefined;
  });
