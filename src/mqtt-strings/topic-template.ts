import { topicFilterProblem } from './topic-filter.js';

/** Stands for the client id in a topic filter that is meant for many clients. */
export const CLIENT_ID_PLACEHOLDER = '${clientid}';

/** Whether the topic filter differs from client to client. */
export function holdsClientId(template: string): boolean {
  return template.includes(CLIENT_ID_PLACEHOLDER);
}

/**
 * The topic filter for one client.
 *
 * @returns undefined when the client's id cannot stand in a topic filter: it holds `+`, `#` or `/` and would name other
 * topics than its own, or makes the filter longer than MQTT allows
 */
export function topicForClient(template: string, clientId: string): string | undefined {
  if (!holdsClientId(template)) return template;
  if (/[+#/]/.test(clientId)) return undefined;
  const topic = template.replaceAll(CLIENT_ID_PLACEHOLDER, () => clientId);
  return topicFilterProblem(topic) === undefined ? topic : undefined;
}
