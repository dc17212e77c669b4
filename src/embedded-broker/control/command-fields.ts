import { CommandError } from './command-error.js';
import { isMqttString } from '../../mqtt-strings/mqtt-string.js';
import { isTopicFilter } from '../../mqtt-strings/topic-filter.js';

type Fields = Readonly<Record<string, unknown>>;

/** `options.send_retain` of `subscribeClient`. */
export type SendRetain = 'always' | 'new' | 'never';

/** The fields of `subscribeClient`, with the defaults of MQTT for those that are not set. */
export interface SubscribeFields {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly sendRetain: SendRetain;
}

/** @throws {CommandError} when it is missing, empty or no MQTT string */
export function readClientId({ clientid }: Fields): string {
  if (isMqttString(clientid)) return clientid;
  throw invalid('clientid');
}

/** @throws {CommandError} when it is missing or no topic filter */
export function readTopicFilter({ topic }: Fields): string {
  if (isTopicFilter(topic)) return topic;
  throw invalid('topic');
}

/** @throws {CommandError} naming the first field that is wrong */
export function readSubscribeFields(fields: Fields): SubscribeFields {
  const clientId = readClientId(fields);
  const topic = readTopicFilter(fields);
  const { qos = 0, options = {} } = fields;
  if (qos !== 0 && qos !== 1 && qos !== 2) throw invalid('qos');
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw invalid('options');
  const { send_retain: sendRetain = 'always' } = options as Fields;
  if (sendRetain !== 'always' && sendRetain !== 'new' && sendRetain !== 'never') throw invalid('send_retain');
  return {
    clientId,
    topic,
    qos,
    noLocal: readBoolean(options as Fields, 'no_local'),
    retainAsPublished: readBoolean(options as Fields, 'retain_as_published'),
    sendRetain,
  };
}

/** @throws {CommandError} when it is there and not a boolean; the default is false */
export function readBoolean(fields: Fields, name: string): boolean {
  const { [name]: value = false } = fields;
  if (typeof value === 'boolean') return value;
  throw invalid(name);
}

/** @throws {CommandError} when it is there and not an integer of at least `minimum` */
export function readInteger(fields: Fields, name: string, minimum: number, fallback: number): number {
  const { [name]: value = fallback } = fields;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum) return value;
  throw invalid(name);
}

function invalid(field: string): CommandError {
  return new CommandError(`Invalid/missing ${field}`);
}
