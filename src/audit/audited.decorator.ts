import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import type { AuditedAction } from '../access/actions.js';
import { AUDITED_ACTION, AuditGuard } from './audit.guard.js';

/**
 * Has the requests of a route audited as an action, from the moment that the caller is known. Put it before the
 * decorators that refuse callers, so that refusals are audited too.
 */
export const Audited = (action: AuditedAction): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(AUDITED_ACTION, action), UseGuards(AuditGuard));
