import { LOSS_CAUSES, type CloseReason } from '../connection/close-reason.js';

/** Why an incoming message or reply was ignored. */
export const IGNORED_REASONS = [
  'foreign',
  'late-or-duplicate',
  'uncorrelated',
  'mismatched',
  'malformed',
  'retained',
] as const;
export type IgnoredReason = (typeof IGNORED_REASONS)[number];

/** Why an attempt to connect failed, or an open connection was lost. */
export const FAILURE_REASONS = ['login', 'subscription', 'takeover', ...LOSS_CAUSES] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What a client of a broker counts; all counters only grow. */
export class ClientStats {
  /**
   * Replies that matched no waiting request. `foreign`: another replica's; `uncorrelated`: they name no
   * request at all; `mismatched`: they name another command, or come on another API.
   */
  readonly ignored: Record<IgnoredReason, number> = {
    foreign: 0,
    'late-or-duplicate': 0,
    uncorrelated: 0,
    mismatched: 0,
    malformed: 0,
    retained: 0,
  };
  /** MQTT messages with commands of callers; what this service asks itself does not count. */
  messagesSent = 0;
  /** Commands in those messages. */
  commandsSent = 0;
  /** Times the connection came up. */
  connects = 0;

  /** Attempts that failed and connections that were lost. */
  readonly failures = Object.fromEntries(FAILURE_REASONS.map((reason) => [reason, 0])) as Record<
    FailureReason,
    number
  >;

  countFailure(reason: CloseReason): void {
    this.failures[failureReasonOf(reason)] += 1;
  }

  countIgnored(reason: IgnoredReason): void {
    this.ignored[reason] += 1;
  }

  countBatch(commands: number): void {
    this.messagesSent += 1;
    this.commandsSent += commands;
  }

  countConnect(): void {
    this.connects += 1;
  }
}

function failureReasonOf(reason: CloseReason): FailureReason {
  switch (reason.kind) {
    case 'denied':
      return reason.what;
    case 'taken-over':
      return 'takeover';
    case 'lost':
      return reason.cause;
  }
}
