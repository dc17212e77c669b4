import { UseGuards } from '@nestjs/common';
import { AuditGuard } from './audit.guard.js';

/**
 * Has the requests of a route audited, from the moment that the caller is known. Put it before the decorators that
 * refuse callers, so that refusals are audited too.
 */
export const Audited = (): MethodDecorator & ClassDecorator => UseGuards(AuditGuard);
