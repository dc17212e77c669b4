import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { AuditedAction } from '../access/actions.js';

/** Metadata key: what a route's requests are audited as. */
export const AUDITED_ACTION = Symbol('audited action');

/** Refuses nobody: from here on, the request is audited, whatever becomes of it. */
@Injectable()
export class AuditGuard implements CanActivate {
  readonly #reflector: Reflector;

  constructor(reflector: Reflector) {
    this.#reflector = reflector;
  }

  canActivate(context: ExecutionContext): boolean {
    const { record, id, ip } = context.switchToHttp().getRequest<FastifyRequest>();
    record.audited = { requestId: id, address: ip };
    record.action = this.#reflector.getAllAndOverride<AuditedAction>(AUDITED_ACTION, [
      context.getHandler(),
      context.getClass(),
    ]);
    return true;
  }
}
