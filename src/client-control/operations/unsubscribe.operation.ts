import { ClientIdField, TopicFilterField } from '../../fields/mqtt-fields.decorator.js';
import type { Operation } from './operation.js';

/** Body of `unsubscribe`. */
export class UnsubscribeClientDto {
  @ClientIdField()
  readonly clientid!: string;

  @TopicFilterField('The topic filter to remove.')
  readonly topic!: string;
}

/** Takes a subscription away from a client, whoever made it. */
export const unsubscribe: Operation<UnsubscribeClientDto> = {
  action: 'unsubscribe',
  body: UnsubscribeClientDto,
  operationId: 'unsubscribeClient',
  summary: "Remove a client's subscription",
  success: {
    status: 204,
    description: 'The client has no such subscription (any more).',
    headers: {
      'X-Subscription': {
        description:
          '`absent`: the client was not subscribed to this filter. Only where the broker can tell.',
        example: 'absent',
      },
    },
  },
  errors: ['NOT_SUPPORTED_BY_BROKER'],
  feature: 'subscribe',
  remark: ({ absent }) =>
    absent === true ? { headers: { 'X-Subscription': 'absent' }, fields: { absent } } : undefined,
  command: ({ clientid, topic }) => ({ command: 'unsubscribeClient', clientid, topic }),
};
