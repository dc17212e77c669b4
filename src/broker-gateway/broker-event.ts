import type { BrokerStatus } from './connection/broker-status.js';

/** Why a client's connection ended, as the extension endpoint tells it. */
export type DisconnectReason = 'client' | 'lost' | 'keepalive' | 'taken-over' | 'kicked' | 'banned' | 'other';

/** A client came or went; fields that the broker does not tell are missing. */
export interface ClientEvent {
  readonly kind: 'connected' | 'disconnected';
  /** Epoch milliseconds, by the broker's clock. */
  readonly time: number;
  readonly clientid: string;
  readonly username?: string;
  readonly address?: string;
  readonly protocol?: string;
  readonly protocolVersion?: string;
  /** Of a disconnect. */
  readonly reason?: DisconnectReason;
  /** Of a disconnect: whether the session stays. */
  readonly sessionStays?: boolean;
  /** True for a connection that may itself command the broker. */
  readonly control?: true;
}

/** What {@link BrokerGateway.subscribeEvents} tells. */
export type BrokerEvent =
  | ClientEvent
  /** The connection's state changed, or the broker has said on this connection whether it tells of its clients. */
  | { readonly kind: 'state'; readonly status: BrokerStatus }
  /** Client events were missed: so many, as far as it is known, or the events began anew. */
  | { readonly kind: 'gap'; readonly missed: number | undefined };
