import { isJsonObject, type JsonObject } from '../../json/json.js';
import {
  CLIENT_FILTER_FIELDS,
  clientFilterProblem,
  type ClientFilter,
} from '../../mqtt-strings/client-filter.js';
import { isMqttString } from '../../mqtt-strings/mqtt-string.js';
import { isTopicFilter } from '../../mqtt-strings/topic-filter.js';
import type { SubscriptionRequest } from '../clients/client-operations.js';
import { invalidField } from '../clients/command-error.js';

const SEND_RETAIN = ['always', 'new', 'never'] as const;

/** @throws {CommandError} `INVALID` naming the first field that is none of these */
export function refuseUnknown(fields: JsonObject, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalidField(unknown);
}

/** @throws {CommandError} `INVALID` when it is missing, empty or no MQTT string */
export function readClientId({ clientid }: JsonObject): string {
  if (isMqttString(clientid)) return clientid;
  throw invalidField('clientid');
}

/** @throws {CommandError} `INVALID` when it is missing or no topic filter */
export function readTopicFilter({ topic }: JsonObject): string {
  if (isTopicFilter(topic)) return topic;
  throw invalidField('topic');
}

/**
 * A subscription on a client's behalf, with the defaults of MQTT for what is not set.
 *
 * @throws {CommandError} `INVALID` naming the first field that is wrong
 */
export function readSubscription(fields: JsonObject): SubscriptionRequest {
  const topic = readTopicFilter(fields);
  const { qos = 0, options = {} } = fields;
  if (qos !== 0 && qos !== 1 && qos !== 2) throw invalidField('qos');
  if (!isJsonObject(options)) throw invalidField('options');
  return {
    topic,
    qos,
    noLocal: readBoolean(options, 'no_local'),
    retainAsPublished: readBoolean(options, 'retain_as_published'),
    sendRetain: readOneOf(options, 'send_retain', SEND_RETAIN, 'always'),
  };
}

/** The options of a subscription, of which others are refused by our own endpoint. */
export const SUBSCRIPTION_OPTIONS = ['no_local', 'retain_as_published', 'send_retain'] as const;

/** @throws {CommandError} `INVALID` when it is there and not a boolean */
export function readBoolean(fields: JsonObject, name: string, fallback = false): boolean {
  const { [name]: value = fallback } = fields;
  if (typeof value === 'boolean') return value;
  throw invalidField(name);
}

/** @throws {CommandError} `INVALID` when it is there and not an integer between the bounds, both included */
export function readInteger(
  fields: JsonObject,
  name: string,
  {
    minimum,
    maximum = Number.MAX_SAFE_INTEGER,
    fallback,
  }: { minimum: number; maximum?: number; fallback: number },
): number {
  const { [name]: value = fallback } = fields;
  if (isIntegerBetween(value, minimum, maximum)) return value;
  throw invalidField(name);
}

/** @throws {CommandError} `INVALID` when it is there and no time in epoch milliseconds */
export function readOptionalTime(fields: JsonObject, name: string): number | undefined {
  const { [name]: value } = fields;
  if (value === undefined || isIntegerBetween(value, 0, Number.MAX_SAFE_INTEGER)) return value;
  throw invalidField(name);
}

/** @throws {CommandError} `INVALID` when it is there and not a string of at most so many characters; null when it is not there */
export function readOptionalText(fields: JsonObject, name: string, maxCharacters: number): string | null {
  const { [name]: value = null } = fields;
  if (value === null) return null;
  if (typeof value !== 'string' || !value.isWellFormed() || Array.from(value).length > maxCharacters) {
    throw invalidField(name);
  }
  return value;
}

/** @throws {CommandError} `INVALID` when it is none of the values, or missing where there is no fallback */
export function readOneOf<T extends string>(
  fields: JsonObject,
  name: string,
  values: readonly T[],
  fallback?: T,
): T {
  const { [name]: value = fallback } = fields;
  const found = values.find((each) => each === value);
  if (found === undefined) throw invalidField(name);
  return found;
}

/**
 * The filter of a command; undefined when there is none.
 *
 * @throws {CommandError} `INVALID` naming the field of the filter that is wrong, as `filter.address`
 */
export function readFilter(
  fields: JsonObject,
  name: string,
  allowed: readonly string[] = CLIENT_FILTER_FIELDS,
): ClientFilter | undefined {
  const { [name]: value } = fields;
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) throw invalidField(name);
  const problem = clientFilterProblem(value);
  const field = problem?.field ?? Object.keys(value).find((key) => !allowed.includes(key));
  if (field !== undefined) throw invalidField(field === '' ? name : `${name}.${field}`);
  return value;
}

/** The cursor of a list that is continued; undefined when it begins. Opaque to callers, a number to us. */
export function readNumberCursor(fields: JsonObject): number | undefined {
  const { cursor } = fields;
  if (cursor === undefined) return undefined;
  if (typeof cursor === 'string' && /^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw invalidField('cursor');
}

/** How many entries of a list are wanted. */
export function readLimit(fields: JsonObject): number {
  return readInteger(fields, 'limit', { minimum: 1, maximum: 1000, fallback: 100 });
}

function isIntegerBetween(value: unknown, minimum: number, maximum: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
}
