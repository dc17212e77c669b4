import { isJsonObject, type JsonObject } from '../../../json/json.js';
import type { SubscriptionRequest } from '../../clients/client-operations.js';
import {
  readClientId,
  readSubscription,
  readTopicFilter,
  refuseUnknown,
  SUBSCRIPTION_OPTIONS,
} from '../command-fields.js';
import type { BrokerCommand } from '../controlled-broker.js';

export const subscribeClient: BrokerCommand = ({ fields }, { operations }) => {
  refuseUnknown(fields, ['clientid', 'topic', 'qos', 'options']);
  return operations.subscribe(readClientId(fields), readStrictSubscription(fields));
};

export const unsubscribeClient: BrokerCommand = ({ fields }, { operations }) => {
  refuseUnknown(fields, ['clientid', 'topic']);
  return operations.unsubscribe(readClientId(fields), readTopicFilter(fields));
};

/** @throws {CommandError} `INVALID`, for an unknown option, too */
export function readStrictSubscription(fields: JsonObject): SubscriptionRequest {
  const { options = {} } = fields;
  if (isJsonObject(options)) refuseUnknown(options, SUBSCRIPTION_OPTIONS);
  return readSubscription(fields);
}
