import { ExpectedError } from '../errors/app-error.js';

/** The error codes that the gateway raises; the same names as in the REST contract. */
export type GatewayErrorCode =
  | 'BROKER_NOT_FOUND'
  | 'SELF_DISCONNECT'
  | 'CLIENT_NOT_FOUND'
  | 'CLIENT_NOT_CONNECTED'
  | 'CLIENT_RECONNECTED'
  | 'BAN_NOT_FOUND'
  | 'BAN_TOO_WIDE'
  | 'STANDING_SUBSCRIPTION_NOT_FOUND'
  | 'CLIENT_CONTROL_NOT_AVAILABLE'
  | 'NOT_SUPPORTED_BY_BROKER'
  | 'BROKER_ERROR'
  | 'BROKER_DENIED'
  | 'BROKER_UNAVAILABLE'
  | 'BROKER_BUSY'
  | 'BROKER_TIMEOUT'
  | 'SHUTTING_DOWN';

/**
 * Whether the broker can have executed a command that failed. `not-sent` is a guarantee: the command never left this
 * process and never will. `unknown`: it was handed to the network, so it may have been executed or still be.
 */
export type Outcome = 'not-sent' | 'unknown';

/** A request to a broker failed. Knows nothing of HTTP. */
export class GatewayError extends ExpectedError {
  override readonly name = 'GatewayError';

  /**
   * @param code what happened
   * @param message for people
   * @param info facts for programs, for example `{ outcome, timeoutMs }`
   * @param retryAfterMs when trying again makes sense, if that is known
   */
  constructor(
    readonly code: GatewayErrorCode,
    message: string,
    readonly info?: Readonly<Record<string, unknown>>,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** The broker is not connected, or the connection went before the answer came. */
export function brokerUnavailable(outcome: Outcome, retryAfterMs: number): GatewayError {
  const message =
    outcome === 'not-sent'
      ? 'The broker is not connected; the command was not sent'
      : 'The connection to the broker was lost before the answer came; the command may have been executed';
  return new GatewayError('BROKER_UNAVAILABLE', message, { outcome }, retryAfterMs);
}

/** No answer within the deadline. */
export function brokerTimeout(outcome: Outcome, timeoutMs: number): GatewayError {
  const message =
    outcome === 'not-sent'
      ? `The command could not be sent within ${timeoutMs} ms and was dropped`
      : `The broker did not answer within ${timeoutMs} ms; the command may have been executed`;
  return new GatewayError('BROKER_TIMEOUT', message, { outcome, timeoutMs });
}

/**
 * The broker refused our login, our publish or our subscription, or lets another connection with the same client id take
 * our place.
 *
 * @param words a sentence that says so, with the reason code in words
 */
export function brokerDenied(reasonCode: number, words: string): GatewayError {
  const message = words.slice(0, 1).toUpperCase() + words.slice(1);
  return new GatewayError('BROKER_DENIED', message, { reasonCode });
}

/** The broker's answer is neither a success nor an error, or not what was asked for. */
export function invalidAnswer(brokerError: string): GatewayError {
  return new GatewayError('BROKER_ERROR', 'The broker answered with an error', { brokerError });
}

/** The client id is a control connection of this service, or of somebody else who may command the broker. */
export function selfDisconnect(): GatewayError {
  return new GatewayError(
    'SELF_DISCONNECT',
    'This client id is a control connection, which this service leaves alone',
  );
}

/** This broker, or this version of it, cannot do that. */
export function notSupported(feature: string): GatewayError {
  return new GatewayError('NOT_SUPPORTED_BY_BROKER', `This broker cannot do that: ${feature}`, { feature });
}

/** The caller gave up before the command was sent; it never will be. */
export function requestAborted(): GatewayError {
  return new GatewayError('BROKER_UNAVAILABLE', 'The caller went away; the command was not sent', {
    outcome: 'not-sent',
  });
}

/** Why what waits for a signal that was aborted is never sent. */
export function abortError({ reason }: AbortSignal): GatewayError {
  return reason instanceof GatewayError ? reason : requestAborted();
}

/** The service takes no new work. */
export function shuttingDown(): GatewayError {
  return new GatewayError('SHUTTING_DOWN', 'The service is shutting down');
}

/** Too many commands are waiting for the broker. */
export function brokerBusy(limit: number): GatewayError {
  return new GatewayError('BROKER_BUSY', 'Too many commands are waiting for this broker', { limit }, 1000);
}

/** The broker refused a published message with an MQTT 5 reason code; 0x87 is "Not authorized". */
export function publishRefused(reasonCode: number, words: string): GatewayError {
  return reasonCode === 0x87
    ? brokerDenied(reasonCode, `the broker refused this service's publish, ${words}`)
    : invalidAnswer(`the broker refused the message, ${words}`);
}

/** The broker says that it has no such control endpoint. */
export function endpointNotAvailable(topic: string): GatewayError {
  const message = 'The broker has no such control endpoint';
  return new GatewayError('CLIENT_CONTROL_NOT_AVAILABLE', message, { topic, reason: 'unavailable' });
}

/** The broker has not answered when it was asked whether it has this control endpoint. */
export function endpointSilent(topic: string): GatewayError {
  const message = 'The broker does not answer on this control endpoint; the command was not sent';
  return new GatewayError('CLIENT_CONTROL_NOT_AVAILABLE', message, { topic, reason: 'silent' });
}

/** A command does not fit into a packet that the broker takes. */
export function commandTooLarge(maximumPacketSize: number): GatewayError {
  const brokerError = `the broker takes packets of at most ${maximumPacketSize} bytes`;
  return new GatewayError('BROKER_ERROR', 'The command is too large for the broker', { brokerError });
}
