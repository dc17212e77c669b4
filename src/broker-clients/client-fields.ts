import type { ClientFields } from './client-answers.js';

/** Fields of a client that every list has. Source: the inspect API of Pro Mosquitto, and docs/control-protocol.md. */
const SUMMARY_FIELDS = [
  'clientid',
  'username',
  'address',
  'protocol',
  'protocolVersion',
  'connected',
  'lastConnect',
  'lastDisconnect',
  'control',
] as const;

/** Fields that only a client in full has. */
const FULL_FIELDS = [
  'keepalive',
  'cleanSession',
  'listener',
  'numSubscriptions',
  'will',
  'numPublished',
  'numSubscribed',
  'numDropped',
  'bytesPublished',
  'bytesSubscribed',
  'tls',
  'queues',
  'inflight',
] as const;

/** Fields of a client that a caller may ask for by name. */
export const CLIENT_FIELDS: readonly string[] = [...SUMMARY_FIELDS, ...FULL_FIELDS];

/** Whether these can only be had in full. */
export function needFull(fields: readonly string[]): boolean {
  return fields.some((field) => (FULL_FIELDS as readonly string[]).includes(field));
}

/** Only these fields of a client, and its id. */
export function pick(client: ClientFields, fields: readonly string[]): ClientFields {
  return Object.fromEntries(
    Object.entries(client).filter(([name]) => name === 'clientid' || fields.includes(name)),
  );
}
