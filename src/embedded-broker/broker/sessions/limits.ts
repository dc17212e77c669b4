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
  /**
   * Subscriptions that a client makes itself, their cost (bytes, some hundred for each and for each of its levels), and the
   * cost of those of all clients. More of them are refused (SUBACK 128).
   */
  ownSubscriptions: 1000,
  clientSubscriptionCost: MIB / 2,
  totalSubscriptionCost: 64 * MIB,
  /** Subscriptions of one client, with those that are made on its behalf. */
  subscriptions: 10_000,
  topicLevels: 32,
  /** Sessions of clients that are gone, and bytes of their names and subscriptions. The one gone longest leaves. */
  offlineSessions: 10_000,
  offlineBytes: 32 * MIB,
  /**
   * Bytes of one MQTT packet of a device, those of a SUBSCRIBE or UNSUBSCRIBE, and those of a packet of the control
   * connection. A longer one ends the connection, and so does one with more topic filters than a client may have.
   */
  devicePacketBytes: MIB / 2,
  subscribePacketBytes: MIB / 8,
  controlPacketBytes: 16 * MIB,
  /** Characters of a reply or of a message with events, from which on it ends early: devices choose ids of 64 KiB. */
  replyCharacters: MIB,
  /** Bytes that a client may leave unread before it is disconnected. */
  unreadBytes: 32 * MIB,
} as const;

/** Something that was left out because of the limits. */
export type Shortage = 'retained' | 'queued' | 'sessions';
