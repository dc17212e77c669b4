import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { unauthorized } from '../auth/unauthorized.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import type { RequestRecord } from '../http/request-record.js';

/** One control request: which broker, on whose behalf, and the record that the logs are written from. */
export interface ControlCall {
  readonly broker: BrokerRef;
  readonly caller: Caller;
  readonly record: RequestRecord;
}

/** The {@link ControlCall} of a request, as a handler's parameter. */
export const Call = createParamDecorator((_data: unknown, context: ExecutionContext): ControlCall => {
  const { record, params } = context.switchToHttp().getRequest<FastifyRequest>();
  if (record.caller === undefined) throw unauthorized('missing');
  return { broker: params as BrokerRef, caller: record.caller, record };
});
