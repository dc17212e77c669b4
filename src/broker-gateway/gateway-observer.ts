import type { BrokerRef } from './broker-ref.js';
import type { GatewayErrorCode } from './gateway-error.js';

/** How a command ended. */
export type CommandOutcome = 'OK' | GatewayErrorCode;

/** Is told what happens on the way to one broker. Runs in the middle of it, so it must be quick and must not throw. */
export interface ChannelObserver {
  /** A message with so many commands left. */
  onBatch(commands: number): void;
  /** A command was answered, or failed, so long after it was asked for. */
  onSettled(command: string, outcome: CommandOutcome, durationMs: number): void;
  /** A command was refused before it waited or was sent. */
  onRefused(command: string, outcome: CommandOutcome): void;
}

/** Is told of the brokers of a gateway. */
export interface GatewayObserver {
  /** A broker is there. Returns its observer, which outlives changes of the broker's configuration */
  onBrokerAdded(broker: BrokerRef): ChannelObserver;
  /** A broker is gone from the configuration, and what was in flight on it has finished. */
  onBrokerRemoved(broker: BrokerRef): void;
}
