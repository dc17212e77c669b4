import type { ControlApi } from '../protocol/control-api.js';
import type { CommandData } from '../protocol/control-protocol.js';
import type { GatewayError, Outcome } from '../gateway-error.js';

/** How a request is to be treated. */
export interface RequestOptions {
  /**
   * `bulk` requests are sent only when no `single` one waits, and do not count against the broker's `maxPending`: whoever
   * makes them bounds how many are on their way. Default: `single`.
   */
  readonly lane?: 'single' | 'bulk';
  /**
   * Aborted before the command was sent, the request is dropped and fails with `BROKER_UNAVAILABLE`, outcome `not-sent`.
   * One that was sent goes on to its true outcome.
   */
  readonly signal?: AbortSignal;
}

/** A request on its way through a channel. */
export interface ChannelRequest {
  /** Correlation id. */
  readonly id: string;
  readonly api: ControlApi;
  /** The command's name. */
  readonly command: string;
  /** The command as JSON. */
  readonly encoded: string;
  /** For errors that name the client. */
  readonly clientid: unknown;
  /** On the clock of `performance.now()`, milliseconds, like `deadlineAt`. */
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly resolve: (data: CommandData) => void;
  readonly reject: (error: GatewayError) => void;
  /** Undefined while it waits; then the number of the message it travels in. */
  sentIn?: number;
}

/** Whether the broker can have executed the command of a request that has no answer. */
export function outcomeOf({ sentIn }: ChannelRequest): Outcome {
  return sentIn === undefined ? 'not-sent' : 'unknown';
}
