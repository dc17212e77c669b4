import type { ErrorCode } from '../errors/error-codes.js';
import { Authorized } from './authorized.decorator.js';
import type { Role } from '../access/role.js';

/**
 * {@link Authorized} for a route that sends a command to the broker in its path: documents every error that the way to
 * a broker and back can end in.
 *
 * @param errors the codes the route can answer beyond those
 */
export const AuthorizedOnBroker = (role: Role, ...errors: ErrorCode[]): MethodDecorator & ClassDecorator =>
  Authorized(
    role,
    'INVALID',
    'PROJECT_NOT_FOUND',
    'BROKER_NOT_FOUND',
    'CLIENT_CONTROL_NOT_AVAILABLE',
    'NOT_SUPPORTED_BY_BROKER',
    'BROKER_ERROR',
    'BROKER_DENIED',
    'BROKER_UNAVAILABLE',
    'BROKER_BUSY',
    'BROKER_TIMEOUT',
    ...errors,
  );
