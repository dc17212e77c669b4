import { SetMetadata } from '@nestjs/common';
import type { AuditedAction } from './actions.js';

/** Metadata key: what a route's requests are audited as. */
export const AUDITED_ACTION = Symbol('audited action');

/** Has the requests of a route audited as an action, from the moment that their caller is known, refusals included. */
export const Audited = (action: AuditedAction): MethodDecorator & ClassDecorator =>
  SetMetadata(AUDITED_ACTION, action);
