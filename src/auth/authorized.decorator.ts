import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { ErrorCode } from '../errors/error-codes.js';
import { ApiErrors } from '../openapi/api-errors.decorator.js';
import { TargetGuard } from '../registry/target.guard.js';
import { AuthorizationGuard } from './authorization.guard.js';
import { REQUIRED_ROLE } from './metadata-keys.js';
import type { Role } from '../access/role.js';

/**
 * Opens a route to callers whose grants cover `role` on the project and broker in its path. One decorator carries the
 * role, the guards that enforce it and its documentation, so that they cannot drift apart.
 *
 * @param role the least role that may use the route
 * @param errors the codes the route can answer beyond those of every authorized route
 */
export const Authorized = (role: Role, ...errors: ErrorCode[]): MethodDecorator & ClassDecorator =>
  applyDecorators(
    SetMetadata(REQUIRED_ROLE, role),
    UseGuards(AuthorizationGuard, TargetGuard),
    ApiBearerAuth(),
    ApiErrors(
      'UNAUTHORIZED',
      'NOT_ALLOWED',
      'METHOD_NOT_ALLOWED',
      'TOO_MANY_REQUESTS',
      'INTERNAL_ERROR',
      'SHUTTING_DOWN',
      'IDENTITY_PROVIDER_UNAVAILABLE',
      ...errors,
    ),
  );
