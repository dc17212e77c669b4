import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Refuses nobody: from here on, the request is audited, whatever becomes of it. The handler's name is the action. */
@Injectable()
export class AuditGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { record, id, ip } = context.switchToHttp().getRequest<FastifyRequest>();
    record.audited = { requestId: id, address: ip };
    record.action = context.getHandler().name;
    return true;
  }
}
