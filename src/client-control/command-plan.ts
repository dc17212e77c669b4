import type { BrokerCapabilities } from '../broker-gateway/broker-gateway.js';
import { notSupported } from '../broker-gateway/gateway-error.js';
import type { ControlApi } from '../broker-gateway/protocol/control-api.js';
import type { ControlCommand } from '../broker-gateway/protocol/control-protocol.js';
import type { Operation, OperationBody } from './operations/operation.js';

/** Where a command goes, and the command. */
export interface CommandPlan {
  readonly api: ControlApi;
  readonly command: ControlCommand;
}

/**
 * How an operation is done on a broker: over our own endpoint where the broker has it, since that tells more, else over
 * the Pro API.
 *
 * @param broker what it can do; undefined while it is not connected and so nobody knows
 * @throws {GatewayError} `NOT_SUPPORTED_BY_BROKER` for what the broker cannot do
 */
export function planCommand<Body extends OperationBody>(
  operation: Operation<Body>,
  body: Body,
  broker: BrokerCapabilities | undefined,
): CommandPlan {
  const command = operation.command(body);
  if (broker === undefined) return { api: 'clientControl', command };
  const missing = operation.missing?.(body, broker);
  if (missing !== undefined) throw notSupported(missing);
  const { feature } = operation;
  if (feature === undefined || broker.extension?.features[feature] !== true) {
    return { api: 'clientControl', command };
  }
  const extras = operation.extras?.(body);
  return { api: 'extension', command: extras === undefined ? command : { ...command, ...extras } };
}
