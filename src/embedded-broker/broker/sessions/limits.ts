const MIB = 1024 * 1024;

/**
 * What the embedded broker keeps at most, so that no device can fill the memory of the service. It is a demo: what does
 * not fit is left out, and `describe` says so to the operator.
 */
export const LIMITS = {
  /** Retained messages: topics, and bytes of topics and payloads. A message beyond them is delivered, but not kept. */
  retainedMessages: 10_000,
  retainedBytes: 32 * MIB,
  /** Messages that wait for one persistent session, and bytes of all that wait. Newer ones are not kept. */
  queuedMessages: 1000,
  queuedBytes: 32 * MIB,
  /** Subscriptions of one client. More of them are refused (SUBACK 128). */
  subscriptions: 1000,
  /** Sessions of clients that are gone, and bytes of their names and topic filters. The one gone longest leaves. */
  offlineSessions: 10_000,
  offlineBytes: 32 * MIB,
  /** Bytes of one MQTT packet of a device, and of the control connection. A longer one ends the connection. */
  devicePacketBytes: MIB / 2,
  controlPacketBytes: 16 * MIB,
  /** Bytes that a client may leave unread before it is disconnected. */
  unreadBytes: 32 * MIB,
} as const;

/** Something that was left out because of the limits. */
export type Shortage = 'retained' | 'queued' | 'sessions';
