import type { GatewayError } from '../gateway-error.js';
import type { FeatureState } from '../connection/broker-status.js';
import type { ControlApi } from './control-api.js';
import type { ControlCommand } from './control-protocol.js';

/**
 * A harmless command that every broker with the API answers, to find out whether it does.
 *
 * `unsubscribeClient` names a client that cannot exist; a command that the API does not know might be left unanswered.
 * `getClient` asks for this service's own connection, which also tells whether the broker knows it by the id asked for.
 *
 * @param ownClientId of the connection
 */
export function probeOf(api: ControlApi, ownClientId: string): ControlCommand {
  switch (api) {
    case 'clientControl':
      return {
        command: 'unsubscribeClient',
        clientid: `${ownClientId}-nobody`,
        topic: 'mqtt-client-control/probe',
      };
    case 'clientInspect':
      return { command: 'getClient', clientid: ownClientId };
    case 'extension':
      return { command: 'describe' };
  }
}

/** What is known of an API, without the time. */
export interface Finding {
  readonly state: FeatureState;
  readonly words: string;
}

export const NOT_ASKED: Finding = { state: 'unknown', words: 'not known before the broker has answered' };
export const ANSWERS: Finding = { state: 'available', words: 'the broker answers' };
export const ABSENT: Finding = {
  state: 'unavailable',
  words: 'the broker says that it has no such endpoint; look at whether its control plugin is loaded',
};
export const CLOSES: Finding = {
  state: 'denied',
  words:
    'the broker closes the connection when it is asked; look at what its access rules allow this user on $CONTROL/#',
};

/** The broker left the probe unanswered. */
export function silent(waitedMs: number): Finding {
  return {
    state: 'silent',
    words:
      `no answer within ${waitedMs} ms: the broker has no such endpoint (Mosquitto 2.0 says nothing then), or refuses ` +
      'without a word (MQTT 3.1.1); look at whether its control plugin is loaded, and at what its access rules allow ' +
      'this user on $CONTROL/#',
  };
}

/** The broker refused the subscription to the answers, the command's message, or the command. */
export function denied(words: string): Finding {
  return { state: 'denied', words };
}

/** What a failed command shows of its API; undefined where it shows nothing. */
export function findingOf({ code, message, info }: GatewayError): Finding | undefined {
  switch (code) {
    case 'CLIENT_CONTROL_NOT_AVAILABLE':
      return ABSENT;
    case 'NOT_SUPPORTED_BY_BROKER':
      return { state: 'unsupported', words: message };
    case 'BROKER_DENIED': {
      const brokerError = typeof info?.brokerError === 'string' ? `: "${info.brokerError}"` : '';
      return denied(`${message}${brokerError}`);
    }
    case 'BROKER_UNAVAILABLE':
    case 'BROKER_TIMEOUT':
    case 'BROKER_BUSY':
    case 'SHUTTING_DOWN':
      return undefined;
    case 'BROKER_ERROR': {
      const brokerError = typeof info?.brokerError === 'string' ? info.brokerError : message;
      return { state: 'available', words: `the broker answers, with an error: "${brokerError}"` };
    }
    default:
      return ANSWERS;
  }
}
