import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../access/caller.js';
import { unauthorized } from '../../auth/unauthorized.js';
import { wantsNdjson } from '../../http/body/ndjson.js';
import type { JsonObject } from '../../json/json.js';

/** A call for many clients: what it says, on whose behalf, and the way back. */
export interface BulkCall {
  readonly request: FastifyRequest;
  readonly caller: Caller;
  readonly project: string;
  /** Undefined over a project. */
  readonly brokerId: string | undefined;
  readonly query: JsonObject;
  /** Whether the answer is to have one line per item. */
  readonly wantsLines: boolean;
  setHeader(name: string, value: string): void;
}

/** The {@link BulkCall} of a request, as a handler's parameter. The body is left unread. */
export const Bulk = createParamDecorator((_data: unknown, context: ExecutionContext): BulkCall => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  const { caller } = request.record;
  if (caller === undefined) throw unauthorized('missing');
  const { projectId, brokerId } = request.params as {
    readonly projectId: string;
    readonly brokerId?: string;
  };
  return {
    request,
    caller,
    project: projectId,
    brokerId,
    query: request.query as JsonObject,
    wantsLines: wantsNdjson(request.raw),
    setHeader: (name, value) => void reply.header(name, value),
  };
});
