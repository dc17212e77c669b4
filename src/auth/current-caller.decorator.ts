import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { unauthorized } from './unauthorized.js';

/** The authenticated caller, as a handler's parameter. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>().record;
  if (caller === undefined) throw unauthorized('missing');
  return caller;
});
