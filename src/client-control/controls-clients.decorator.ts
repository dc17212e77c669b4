import { Authorized } from '../auth/authorized.decorator.js';

/** A route that runs a command on a client: editors only, and every error that the way to a broker can end in. */
export const ControlsClients = (): MethodDecorator & ClassDecorator =>
  Authorized(
    'editor',
    'INVALID',
    'SELF_DISCONNECT',
    'PROJECT_NOT_FOUND',
    'BROKER_NOT_FOUND',
    'CLIENT_NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'CLIENT_CONTROL_NOT_AVAILABLE',
    'BROKER_ERROR',
    'BROKER_DENIED',
    'BROKER_UNAVAILABLE',
    'BROKER_BUSY',
    'BROKER_TIMEOUT',
  );
