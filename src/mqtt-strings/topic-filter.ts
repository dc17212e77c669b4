import { isMqttString, mqttStringProblem } from './mqtt-string.js';

const SHARE_PREFIX = '$share/';

/**
 * What keeps a value from being a valid topic filter. Source: MQTT 5 sections 4.7 and 4.8.2.
 *
 * @returns undefined if it is one
 */
export function topicFilterProblem(value: unknown): string | undefined {
  const problem = mqttStringProblem(value);
  if (problem !== undefined) return problem;
  const topic = value as string;
  if (topic === '$share') return 'must name a group and a topic filter after $share/';
  if (!isSharedSubscription(topic)) return wildcardProblem(topic);
  const [group = '', ...rest] = topic.slice(SHARE_PREFIX.length).split('/');
  if (group === '') return 'must name a group after $share/';
  if (/[+#]/.test(group)) return 'must not have wildcards in the group of a shared subscription';
  const filter = rest.join('/');
  return filter === ''
    ? 'must have a topic filter after the group of a shared subscription'
    : wildcardProblem(filter);
}

/** Whether a topic filter is that of a shared subscription. */
export function isSharedSubscription(topic: string): boolean {
  return topic.startsWith(SHARE_PREFIX);
}

/** Whether a topic filter reaches the topics that brokers keep for themselves (`$SYS/#`, `$CONTROL/#`), also through a shared subscription. */
export function isBrokerInternal(topic: string): boolean {
  const filter = isSharedSubscription(topic)
    ? topic.slice(topic.indexOf('/', SHARE_PREFIX.length) + 1)
    : topic;
  return filter.startsWith('$');
}

/** Whether a value is a topic filter, that of a shared subscription included. */
export function isTopicFilter(value: unknown): value is string {
  return topicFilterProblem(value) === undefined;
}

/** Whether a value is a topic name, that is, has no wildcards. Source: MQTT 5 section 4.7. */
export function isTopicName(value: unknown): value is string {
  return isMqttString(value) && !/[+#]/.test(value);
}

/**
 * Whether a valid topic filter (not that of a shared subscription) matches a topic name. Wildcards in the first level do
 * not match topics that begin with `$`. Source: MQTT 5 section 4.7.2.
 */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && /^[#+]/.test(filter)) return false;
  const levels = topic.split('/');
  const filterLevels = filter.split('/');
  for (const [index, level] of filterLevels.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return filterLevels.length === levels.length;
}

function wildcardProblem(filter: string): string | undefined {
  if (!/[+#]/.test(filter)) return undefined;
  const levels = filter.split('/');
  for (const [index, level] of levels.entries()) {
    if (level.includes('#') && level !== '#') return 'must have # alone in its level';
    if (level === '#' && index !== levels.length - 1) return 'must have # only as the last level';
    if (level.includes('+') && level !== '+') return 'must have + alone in its level';
  }
  return undefined;
}
