import type { ControlApi } from '../protocol/control-api.js';

/** What is known of a control API of the broker since the last connect, best first. */
export const FEATURE_STATES = [
  'available',
  'unsupported',
  'denied',
  'unavailable',
  'silent',
  'unknown',
] as const;

/**
 * `available`: it answers; `unsupported`: it answers that this broker cannot do it; `denied`: it refuses this service;
 * `unavailable`: the broker says that it has no such API; `silent`: it does not answer; `unknown`: nothing is known yet.
 */
export type FeatureState = (typeof FEATURE_STATES)[number];

/** What is known of a control API, with how and since when. */
export interface FeatureFinding {
  readonly state: FeatureState;
  /** When that was found, epoch milliseconds. */
  readonly since: number;
  /** What it means and what to look at. */
  readonly words: string;
}

/** The states of a connection, best first. */
export const CONNECTION_STATES = ['connected', 'connecting', 'disconnected', 'denied'] as const;

/**
 * `connecting`: the first attempt, or one after a loss, is under way; `connected`: commands can be sent;
 * `disconnected`: waiting for the next attempt; `denied`: the broker refused us, or another connection takes our place
 * again and again; the next attempt will come.
 */
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** A changed configuration that has not taken effect, because its connection does not come up. */
export interface PendingChange {
  /** When the configuration changed, epoch milliseconds. */
  readonly since: number;
  /** Why its connection does not come up. */
  readonly lastError: string | null;
}

/** What is found out of a broker: its control APIs, and what becomes of retained messages for subscriptions of this service. */
export type BrokerFeature = ControlApi | 'retained';

/** A broker connection as the discovery API shows it. */
export interface BrokerStatus {
  readonly state: ConnectionState;
  /** When `state` began, epoch milliseconds. */
  readonly since: number;
  /** Since when commands can be sent, epoch milliseconds; null while they cannot. */
  readonly connectedSince: number | null;
  /** When the broker's certificate ends, epoch milliseconds, as it was at the latest login; null without TLS. */
  readonly certificateExpiresAt: number | null;
  /** Why the connection was last lost or refused; null when it never was, or is open again. */
  readonly lastError: string | null;
  readonly features: Readonly<Record<BrokerFeature, FeatureState>>;
  readonly featureDetails: Readonly<Record<BrokerFeature, FeatureFinding>>;
  /** While a changed configuration waits for its connection, the one before stays in use; null otherwise. */
  readonly pendingChange: PendingChange | null;
}
