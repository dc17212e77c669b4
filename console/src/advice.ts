import { ConnectionError } from '@mqtt-client-control/client';
import { ApiError } from './api.js';

/** What to do about an answer of the API, where something can be done. */
const ADVICE: Readonly<Record<string, string>> = {
  UNAUTHORIZED: 'Sign in again; nothing on this page is lost.',
  NOT_ALLOWED: 'Your role does not cover this. An administrator of the service can grant it.',
  PROJECT_NOT_FOUND: 'It may have been taken out of the configuration. Choose another project above.',
  BROKER_NOT_FOUND: 'It may have been taken out of the configuration. Look at the page Brokers.',
  CLIENT_NOT_FOUND:
    'It may have gone since the list was read, or be on another broker: find it with the key /.',
  CLIENT_NOT_CONNECTED:
    'Its session is kept by the broker. Disconnect with “remove its session” to end that, too.',
  CLIENT_RECONNECTED: 'This is a newer connection than the one you looked at. Look at the client again.',
  CLIENT_CONTROL_NOT_AVAILABLE:
    'Load the companion plugin into this broker; the page Brokers says what was found.',
  NOT_SUPPORTED_BY_BROKER:
    'This broker, or its version, cannot do that. The page Brokers says what it can do.',
  BROKER_DENIED: 'The broker refuses the service. Look at its user and its access rules.',
  BROKER_UNAVAILABLE: 'The service keeps trying to connect. The page Brokers says why it cannot.',
  BROKER_TIMEOUT: 'The broker did not answer in time. Look at the client before you try again.',
  BROKER_BUSY: 'Many commands wait for this broker. Wait a moment.',
  TOO_MANY_REQUESTS: 'You have reached the limit of requests.',
  SELECTION_CHANGED: 'Other clients match by now than those that you were shown. Look again before you act.',
  SELECTION_INCOMPLETE:
    'A broker did not tell which of its clients match. Act on the others, or wait for it.',
  BAN_TOO_WIDE: 'This would keep everybody out. Name fewer.',
  AUDIT_NOT_AVAILABLE: 'It can be read where the configuration says audit.store: file, postgres or memory.',
  SHUTTING_DOWN: 'The service is about to stop or to start anew. Try again in a moment.',
  INTERNAL_ERROR: 'Tell the people who run the service; its log has the request.',
};

/** A sentence under the API's own words. */
export function adviceFor(error: unknown): string | undefined {
  if (error instanceof ConnectionError)
    return 'Look whether the service runs, and whether this computer reaches it.';
  if (!(error instanceof ApiError)) return undefined;
  const advice = ADVICE[error.code];
  if (error.retryAfterMs === undefined) return advice;
  return [advice, `Try again in ${Math.ceil(error.retryAfterMs / 1000)} s.`].filter(Boolean).join(' ');
}

/** What was thrown, in words. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
