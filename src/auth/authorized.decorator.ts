import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import type { Role } from '../access/role.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { ApiErrors } from '../openapi/api-errors.decorator.js';
import { unauthorized } from './unauthorized.js';

/** Metadata key: the least role that may use the route. */
export const REQUIRED_ROLE = Symbol('required role');

/**
 * Opens a route to callers whose grants cover `role` on the project and broker in its path. One decorator carries the
 * role, which `AccessGuard` enforces, and its documentation, so that they cannot drift apart.
 *
 * @param role the least role that may use the route
 * @param errors the codes the route can answer beyond those of every authorized route
 */
export const Authorized = (role: Role, ...errors: ErrorCode[]): MethodDecorator & ClassDecorator =>
  applyDecorators(
    SetMetadata(REQUIRED_ROLE, role),
    ApiBearerAuth(),
    ApiErrors(
      'UNAUTHORIZED',
      'NOT_ALLOWED',
      'HOST_NOT_ALLOWED',
      'METHOD_NOT_ALLOWED',
      'TOO_MANY_REQUESTS',
      'INTERNAL_ERROR',
      'SHUTTING_DOWN',
      'IDENTITY_PROVIDER_UNAVAILABLE',
      ...errors,
    ),
  );

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

/** The authenticated caller, as a handler's parameter. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>().record;
  if (caller === undefined) throw unauthorized('missing');
  return caller;
});
