import type { BrokerGateway } from './broker-gateway.js';
import type { BrokerRef } from './broker-ref.js';
import { notSupported } from './gateway-error.js';
import type { CommandData, ControlCommand } from './protocol/control-protocol.js';
import type { ExtensionFeature } from './protocol/extension.js';

/**
 * Sends a command that only our own endpoint knows.
 *
 * @returns the answer's `data`
 * @throws {GatewayError} `NOT_SUPPORTED_BY_BROKER` before anything is sent to a broker without `feature`, and what
 *   {@link BrokerGateway.request} throws
 */
export async function requestExtension(
  gateway: BrokerGateway,
  broker: BrokerRef,
  feature: ExtensionFeature,
  command: ControlCommand,
): Promise<CommandData> {
  const { extension } = await gateway.capabilitiesKnown(broker);
  const isConnected = gateway.status(broker).state === 'connected';
  if (isConnected && extension?.features[feature] !== true) throw notSupported(feature);
  return gateway.request(broker, 'extension', command);
}
