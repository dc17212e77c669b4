/** Why an incoming message or reply was ignored. */
export const IGNORED_REASONS = [
  'foreign',
  'late-or-duplicate',
  'uncorrelated',
  'malformed',
  'retained',
] as const;
export type IgnoredReason = (typeof IGNORED_REASONS)[number];

/** What a channel counts; all counters only grow. */
export class ChannelStats {
  /** Replies that matched no waiting request. `foreign`: another replica's; `uncorrelated`: they name no request at all. */
  readonly ignored: Record<IgnoredReason, number> = {
    foreign: 0,
    'late-or-duplicate': 0,
    uncorrelated: 0,
    malformed: 0,
    retained: 0,
  };
  /** MQTT messages with commands. */
  messagesSent = 0;
  /** Commands in those messages. */
  commandsSent = 0;
  /** Times the link came up. */
  connects = 0;

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
