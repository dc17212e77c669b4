import type { BrokerGateway } from './broker-gateway.js';
import type { BrokerRef } from './broker-ref.js';
import type { FeatureState } from './connection/broker-status.js';
import { notSupported } from './gateway-error.js';
import type { CommandData, ControlCommand } from './protocol/control-protocol.js';
import type { ExtensionFeature } from './protocol/extension.js';

/** A broker that fails at the question has not said that it cannot; one without the plugin may say nothing at all. */
const SAYS_NO: ReadonlySet<FeatureState> = new Set(['unsupported', 'denied', 'unavailable', 'silent']);

/**
 * Sends a command that only our own endpoint knows.
 *
 * @returns the answer's `data`
 * @throws {GatewayError} `NOT_SUPPORTED_BY_BROKER` before anything is sent to a broker that says that it has no `feature`, or
 *   no such endpoint for this service, or nothing when it is asked; and what {@link BrokerGateway.request} throws, also for a broker that has not said yet
 */
export async function requestExtension(
  gateway: BrokerGateway,
  broker: BrokerRef,
  feature: ExtensionFeature,
  command: ControlCommand,
): Promise<CommandData> {
  const { extension } = await gateway.capabilitiesKnown(broker);
  const { state, features } = gateway.status(broker);
  const isRefused = extension === null ? SAYS_NO.has(features.extension) : !extension.features[feature];
  if (state === 'connected' && isRefused) throw notSupported(feature);
  return gateway.request(broker, 'extension', command);
}
