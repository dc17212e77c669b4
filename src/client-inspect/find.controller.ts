import { applyDecorators, Controller, Get, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { Authorized, CurrentCaller } from '../auth/authorized.decorator.js';
import type { ClientQuery } from '../broker-clients/broker-clients.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { invalid } from '../errors/issue.js';
import { filterOf } from '../fields/client-filter.query.js';
import { NDJSON, wantsNdjson } from '../http/body/ndjson.js';
import { streamedAnswer } from '../http/body/streamed-answer.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { FoundClients } from './dto/found-clients.dto.js';
import { FindClientsQuery } from './dto/list-clients.query.js';
import { FindService, type Found, type FoundPart, type NotAnswered } from './find.service.js';

const DEFAULT_LIMIT = 100;

/** The answer of both routes. */
const AnswersFound = (): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(FoundClients),
    ApiOkResponse({
      description:
        'The clients that match, and the brokers that did not answer. As `application/x-ndjson`: one client per line, and last a line `{"end":true,"clients":n,"notAnswered":[…]}`; without it the answer was cut off.',
      headers: {
        'X-Next-Cursor': {
          description: 'Where to go on (`cursor`); absent when that is all.',
          schema: { type: 'string' },
          example: 'eyJicm9rZXIiOiJkZW1vL2VtYmVkZGVkIn0',
        },
      },
      content: {
        'application/json': { schema: { $ref: getSchemaPath(FoundClients) } },
        [NDJSON]: { schema: { type: 'string' } },
      },
    }),
  );

/** Finds clients, on whichever broker they are. */
@ApiTags('Client inspect')
@Controller()
export class FindController {
  readonly #service: FindService;

  constructor(service: FindService) {
    this.#service = service;
  }

  @Get('projects/:projectId/clients')
  @ApiTarget('project')
  @Authorized('viewer', 'INVALID', 'PROJECT_NOT_FOUND')
  @ApiOperation({
    operationId: 'findClientsOfProject',
    summary: 'Find clients on the brokers of a project',
    description: 'Asks all brokers of the project that the caller may see, side by side.',
  })
  @AnswersFound()
  findInProject(
    @CurrentCaller() caller: Caller,
    @Param('projectId') project: string,
    @Query() query: FindClientsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    return this.#find(caller, this.#service.brokers(caller, project), query, request, reply);
  }

  @Get('clients')
  @Authorized('viewer', 'INVALID')
  @ApiOperation({
    operationId: 'findClients',
    summary: 'Find clients on all brokers that the caller may see',
  })
  @AnswersFound()
  find(
    @CurrentCaller() caller: Caller,
    @Query() query: FindClientsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    return this.#find(caller, this.#service.brokers(caller), query, request, reply);
  }

  async #find(
    caller: Caller,
    brokers: readonly BrokerRef[],
    { limit, cursor, fields, ...filter }: FindClientsQuery,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<object> {
    const query: ClientQuery = { filter: filterOf(filter), fields: fields && [...fields] };
    if (wantsNdjson(request.raw)) {
      if (cursor !== undefined)
        throw invalid([{ path: 'cursor', message: `is not for ${NDJSON}, which has no pages` }]);
      const parts = this.#service.stream(caller, brokers, query);
      return new StreamableFile(streamedAnswer(toLines(parts, limit)), { type: NDJSON });
    }
    const isWanted = (): boolean => !request.raw.socket.destroyed;
    const found = await this.#service.find(caller, brokers, query, limit ?? DEFAULT_LIMIT, isWanted, cursor);
    if (found.cursor !== undefined) void reply.header('X-Next-Cursor', found.cursor);
    return toBody(found);
  }
}

function toBody({ clients, notAnswered, cursor }: Found): FoundClients {
  return { clients, notAnswered, truncated: cursor !== undefined };
}

/** One client per line, and what to know of the whole last. */
async function* toLines(
  parts: AsyncGenerator<FoundPart, void>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<string, void> {
  const notAnswered: NotAnswered[] = [];
  let count = 0;
  let truncated = false;
  for await (const part of parts) {
    if ('notAnswered' in part) {
      notAnswered.push(part.notAnswered);
      continue;
    }
    const clients = part.clients.slice(0, limit - count);
    count += clients.length;
    truncated = clients.length < part.clients.length;
    if (clients.length > 0) yield clients.map((client) => `${JSON.stringify(client)}\n`).join('');
    if (truncated) break;
  }
  yield `${JSON.stringify({ end: true, clients: count, notAnswered, ...(truncated && { truncated }) })}\n`;
}
