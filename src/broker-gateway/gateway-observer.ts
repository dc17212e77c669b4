import type { BrokerRef } from './broker-ref.js';
import type { FeatureFinding } from './connection/broker-status.js';
import type { CloseReason } from './connection/close-reason.js';
import type { GatewayErrorCode } from './gateway-error.js';
import type { ControlApi } from './protocol/control-api.js';
import type { ExtensionInfo } from './protocol/extension.js';

/** How a command ended. */
export type CommandOutcome = 'OK' | GatewayErrorCode;

/**
 * Is told what happens on the way to one broker; every method may be left out. Runs in the middle of it, so it must be
 * quick and must not throw.
 */
export interface BrokerObserver {
  /** A message with so many commands left. */
  onBatch?(commands: number): void;
  /** A command was answered, or failed, so long after it was asked for. */
  onSettled?(command: string, outcome: CommandOutcome, durationMs: number): void;
  /** A command was refused before it waited or was sent. */
  onRefused?(command: string, outcome: CommandOutcome): void;
  /** The connection came up. */
  onConnected?(): void;
  /** An attempt to connect failed, or the connection was lost; the next attempt comes in so many milliseconds. */
  onConnectionFailed?(reason: CloseReason, retryInMs: number): void;
  /** Something else than before is known of a control API. */
  onFeature?(api: ControlApi, finding: FeatureFinding): void;
  /**
   * The broker has described its extension endpoint.
   *
   * @param askedClientId the client id that the connection asked for
   */
  onDescribed?(info: ExtensionInfo, askedClientId: string): void;
  /** The broker refused a command because of who this service is. */
  onCommandDenied?(api: ControlApi, command: string, words: string): void;
  /** A changed configuration cannot take effect: its connection does not come up, and the one before stays in use. */
  onChangePending?(lastError: string): void;
  /** A changed configuration has taken effect. */
  onChangeTaken?(): void;
}

/** Is told of the brokers of a gateway. */
export interface GatewayObserver {
  /** A broker is there. Returns its observer, which outlives changes of the broker's configuration */
  onBrokerAdded(broker: BrokerRef): BrokerObserver;
  /** A broker is gone from the configuration, and what was in flight on it has finished. */
  onBrokerRemoved?(broker: BrokerRef): void;
}

const METHODS = [
  'onBatch',
  'onSettled',
  'onRefused',
  'onConnected',
  'onConnectionFailed',
  'onFeature',
  'onDescribed',
  'onCommandDenied',
  'onChangePending',
  'onChangeTaken',
] as const satisfies readonly (keyof BrokerObserver)[];

/** One observer that tells several, in their order; costs nothing for what only one or none wants to know. */
export function tellAll(observers: readonly BrokerObserver[]): BrokerObserver {
  const told: Record<string, (...facts: unknown[]) => void> = {};
  for (const name of METHODS) {
    const methods = observers.flatMap((observer) => {
      const method = (observer as Record<string, ((...facts: unknown[]) => void) | undefined>)[name];
      return method === undefined ? [] : [method.bind(observer)];
    });
    const [first] = methods;
    if (first === undefined) continue;
    const all = (...facts: unknown[]): void => {
      for (const method of methods) method(...facts);
    };
    told[name] = methods.length === 1 ? first : all;
  }
  return told;
}
