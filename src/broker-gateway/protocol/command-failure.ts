import { GatewayError, invalidAnswer, notSupported, selfDisconnect } from '../gateway-error.js';
import type { CommandError } from './control-protocol.js';

/** MQTT 5's reason code for what the control APIs say in words. */
const NOT_AUTHORIZED = 0x87;

/** Brokers without codes say it in words. */
const CODES_OF_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/^client not found$/i, 'CLIENT_NOT_FOUND'],
  [/^client not connected$/i, 'CLIENT_NOT_CONNECTED'],
  [/^client is a control connection$/i, 'CONTROL_CLIENT'],
  [/^unknown command\b/i, 'UNKNOWN_COMMAND'],
  [/\bnot supported\b|\bunsupported\b/i, 'NOT_SUPPORTED'],
  [/\bnot authori[sz]ed\b|\bunauthori[sz]ed\b|\baccess denied\b|\bpermission denied\b/i, 'NOT_AUTHORIZED'],
];

/** What a failed command was. */
export interface FailedCommand {
  readonly command: string;
  /** The client that it named, if it named one. */
  readonly clientid?: unknown;
}

/** Whether the broker refused to take commands from this service. */
export function isNotAuthorized(error: CommandError): boolean {
  return codeOf(error) === 'NOT_AUTHORIZED';
}

/** The error that a command failed with, by the broker's code, or by its words where it has no codes. */
export function commandFailure(error: CommandError, { command, clientid }: FailedCommand): GatewayError {
  const { text, info = {} } = error;
  switch (codeOf(error)) {
    case 'CLIENT_NOT_FOUND':
      return new GatewayError('CLIENT_NOT_FOUND', 'The broker knows no client with this id', { clientid });
    case 'CLIENT_NOT_CONNECTED':
      return new GatewayError(
        'CLIENT_NOT_CONNECTED',
        'The broker has a session of this client, but the client is not connected',
        { clientid },
      );
    case 'NOT_SUBSCRIBED':
      return new GatewayError(
        'CLIENT_NOT_CONNECTED',
        'The client that had this subscription is gone, or has it no more',
        { clientid },
      );
    case 'CLIENT_RECONNECTED':
      return new GatewayError('CLIENT_RECONNECTED', 'The client has connected again since then', {
        lastConnect: info.lastConnect,
      });
    case 'CONTROL_CLIENT':
      return selfDisconnect();
    case 'BAN_NOT_FOUND':
      return new GatewayError('BAN_NOT_FOUND', 'The broker has no such ban');
    case 'BAN_TOO_WIDE':
      return new GatewayError('BAN_TOO_WIDE', 'The ban would keep everybody out');
    case 'STANDING_SUBSCRIPTION_NOT_FOUND':
      return new GatewayError(
        'STANDING_SUBSCRIPTION_NOT_FOUND',
        'The broker has no such standing subscription',
      );
    case 'UNKNOWN_COMMAND':
    case 'NOT_SUPPORTED':
      return notSupported(typeof info.feature === 'string' ? info.feature : command);
    case 'NOT_AUTHORIZED':
      return new GatewayError(
        'BROKER_DENIED',
        "The broker refused this service's command: its user may not use the control API",
        { reasonCode: NOT_AUTHORIZED, brokerError: text },
      );
    default:
      return invalidAnswer(text);
  }
}

function codeOf({ text, code }: CommandError): string | undefined {
  return code ?? CODES_OF_TEXTS.find(([pattern]) => pattern.test(text.trim()))?.[1];
}
