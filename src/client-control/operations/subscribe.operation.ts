import { ClientIdField, QosField, TopicFilterField, type Qos } from '../../fields/mqtt-fields.decorator.js';
import type { RetainedOutcome } from '../../broker-gateway/protocol/retained-message.js';
import {
  SubscriptionOptionsField,
  toCommandOptions,
  SubscriptionOptionsDto,
} from '../../fields/subscription-options.dto.js';
import { isBrokerInternal } from '../../mqtt-strings/topic-filter.js';
import { isJsonObject, type JsonObject } from '../../json/json.js';
import type { Operation, Remark } from './operation.js';

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
  success: {
    status: 204,
    description: 'The broker subscribed the client.',
    headers: {
      'X-Retained': {
        description:
          'How many retained messages the client was handed by this service. `;incomplete=` and a reason if that may not be all: more than 500 ' +
          '(`count`) or 4 MiB (`bytes`), no time left (`time`), they kept `changing`, the client is gone or did not get one (`refused`), the broker ' +
          'lets this service not read them (`denied`), a connection was `lost`. Only where this service hands them over: see `features.retained`.',
        example: '3',
      },
    },
  },
  errors: ['NOT_SUPPORTED_BY_BROKER'],
  feature: 'subscribe',
  isLessOverProApi: ({ deliversRetained }) => deliversRetained,
  requiredRole: ({ topic }) => (isBrokerInternal(topic) ? 'admin' : 'editor'),
  remark: ({ retained }) => (isJsonObject(retained) ? retainedRemark(retained) : undefined),
  command: ({ clientid, topic, qos, options }) => ({
    command: 'subscribeClient',
    clientid,
    topic,
    qos,
    ...(options && { options: toCommandOptions(options) }),
  }),
};

function retainedRemark(retained: JsonObject): Remark {
  const { delivered, incomplete } = retained as Partial<RetainedOutcome>;
  const reason = incomplete === undefined ? '' : `;incomplete=${incomplete}`;
  return { headers: { 'X-Retained': `${delivered ?? 0}${reason}` }, fields: { retained } };
}
