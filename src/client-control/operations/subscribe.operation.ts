import { ClientIdField, QosField, TopicFilterField, type Qos } from '../../fields/mqtt-fields.decorator.js';
import {
  SubscriptionOptionsField,
  toCommandOptions,
  SubscriptionOptionsDto,
} from '../../fields/subscription-options.dto.js';
import { isBrokerInternal } from '../../mqtt-strings/topic-filter.js';
import type { Operation } from './operation.js';

/** Body of `subscribe`. */
export class SubscribeClientDto {
  @ClientIdField()
  readonly clientid!: string;

  @TopicFilterField('The topic filter to subscribe to.')
  readonly topic!: string;

  @QosField()
  readonly qos: Qos = 0;

  @SubscriptionOptionsField()
  readonly options?: SubscriptionOptionsDto;
}

/** Subscribes a client to a topic filter; to the topics that brokers keep for themselves (`$SYS/#`) for admins only. */
export const subscribe: Operation<SubscribeClientDto> = {
  action: 'subscribe',
  body: SubscribeClientDto,
  operationId: 'subscribeClient',
  summary: 'Subscribe a client to a topic filter on its behalf',
  success: { status: 204, description: 'The broker subscribed the client.' },
  errors: ['NOT_SUPPORTED_BY_BROKER'],
  feature: 'subscribe',
  requiredRole: ({ topic }) => (isBrokerInternal(topic) ? 'admin' : 'editor'),
  command: ({ clientid, topic, qos, options }) => ({
    command: 'subscribeClient',
    clientid,
    topic,
    qos,
    ...(options && { options: toCommandOptions(options) }),
  }),
};
