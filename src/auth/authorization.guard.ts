import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { isAllowed } from '../access/caller.js';
import { REQUIRED_ROLE } from './metadata-keys.js';
import { notAllowed } from '../access/not-allowed.js';
import type { Role } from '../access/role.js';

/**
 * Lets a request through when a grant of its caller covers the route's role on the project and broker in the path.
 * Looks only at the grants, not at what is configured: it answers the same for a project that does not exist.
 */
@Injectable()
export class AuthorizationGuard implements CanActivate {
  readonly #reflector: Reflector;

  constructor(reflector: Reflector) {
    this.#reflector = reflector;
  }

  /** @throws {AppError} `NOT_ALLOWED` */
  canActivate(context: ExecutionContext): boolean {
    const { record, params } = context.switchToHttp().getRequest<FastifyRequest>();
    const role = this.#reflector.getAllAndOverride<Role | undefined>(REQUIRED_ROLE, [
      context.getHandler(),
      context.getClass(),
    ]);
    const { projectId, brokerId } = params as { readonly projectId?: string; readonly brokerId?: string };
    if (projectId !== undefined) record.project = projectId;
    if (brokerId !== undefined) record.broker = brokerId;
    const { caller } = record;
    if (role === undefined || caller === undefined) throw notAllowed({ role: 'admin' });
    // Listing projects needs no grant on any one of them: the list holds those that the caller may see.
    if (projectId === undefined) return true;
    const requirement = { role, project: projectId, broker: brokerId };
    if (!isAllowed(caller, requirement)) throw notAllowed(requirement);
    return true;
  }
}
