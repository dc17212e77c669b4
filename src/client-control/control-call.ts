import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { unauthorized } from '../auth/unauthorized.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import type { RequestRecord } from '../http/request-record.js';

/** One control request: which broker, on whose behalf, the record that the logs are written from, and the way back. */
export interface ControlCall {
  readonly broker: BrokerRef;
  readonly caller: Caller;
  readonly record: RequestRecord;
  /** Whether the caller still waits for the answer. */
  isWanted(): boolean;
  setHeaders(headers: Readonly<Record<string, string>>): void;
}

/** The {@link ControlCall} of a request, as a handler's parameter. */
export const Call = createParamDecorator((_data: unknown, context: ExecutionContext): ControlCall => {
  const http = context.switchToHttp();
  const { record, params, raw } = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  if (record.caller === undefined) throw unauthorized('missing');
  return {
    broker: params as BrokerRef,
    caller: record.caller,
    record,
    isWanted: () => !raw.socket.destroyed,
    setHeaders: (headers) => void reply.headers(headers),
  };
});
