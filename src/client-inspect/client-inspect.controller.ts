import { Controller, Get, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { AuthorizedOnBroker, CurrentCaller } from '../auth/authorized.decorator.js';
import type { ClientFields } from '../broker-clients/client-answers.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { filterOf } from '../fields/client-filter.query.js';
import { NDJSON, wantsNdjson } from '../http/body/ndjson.js';
import { streamedAnswer } from '../http/body/streamed-answer.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { ClientInspectService } from './client-inspect.service.js';
import { ClientInfo } from './dto/client-info.dto.js';
import { GetClientQuery } from './dto/get-client.query.js';
import { ListClientsQuery } from './dto/list-clients.query.js';

const DEFAULT_COUNT = 100;

/** What a broker knows of its clients. */
@ApiTags('Client inspect')
@ApiTarget('project', 'broker')
@ApiExtraModels(ClientInfo)
@Controller('projects/:projectId/brokers/:brokerId/client-inspect')
export class ClientInspectController {
  readonly #service: ClientInspectService;

  constructor(service: ClientInspectService) {
    this.#service = service;
  }

  @Get()
  @AuthorizedOnBroker('viewer')
  @ApiOperation({
    operationId: 'listClients',
    summary: 'List the clients of a broker',
    description:
      'Without a filter the broker does the paging. Filters are applied by the broker where it can, else by this service: then `offset` and `count` count the clients that match. Control connections are shown only to those who may control.',
  })
  @ApiOkResponse({
    description:
      'The clients. Fields that the broker leaves out are left out. As `application/x-ndjson`: one client per line, and last a line `{"end":true,"clients":n,"notAnswered":[]}`; without it the answer was cut off.',
    headers: {
      'X-Total-Count': {
        description:
          'How many clients the broker has, control connections included (with a filter: how many match). Absent when the broker does not tell, or when the filtered list was not read to its end before it was sent.',
        schema: { type: 'integer', minimum: 0 },
        example: 4,
      },
    },
    content: {
      'application/json': { schema: { type: 'array', items: { $ref: getSchemaPath(ClientInfo) } } },
      [NDJSON]: { schema: { type: 'string' } },
    },
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Param() broker: BrokerRef,
    @Query() { offset, count, fields, ...filter }: ListClientsQuery,
    @Req() { raw }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const query = { offset, filter: filterOf(filter), fields: fields && [...fields] };
    if (wantsNdjson(raw)) {
      const pages = this.#service.stream(caller, broker, { ...query, count: count ?? -1 });
      return new StreamableFile(streamedAnswer(await toLines(pages)), { type: NDJSON });
    }
    const isWanted = (): boolean => !raw.socket.destroyed;
    const request = { ...query, count: count ?? DEFAULT_COUNT };
    const { clients, totalCount } = await this.#service.list(caller, broker, request, isWanted);
    if (totalCount !== undefined) void reply.header('X-Total-Count', totalCount);
    const { byteLength } = clients;
    return new StreamableFile(clients.toStream(), {
      type: 'application/json; charset=utf-8',
      ...(byteLength !== undefined && { length: byteLength }),
    });
  }

  @Get('detail')
  @AuthorizedOnBroker('viewer', 'CLIENT_NOT_FOUND')
  @ApiOperation({ operationId: 'getClient', summary: 'Show a client in full' })
  @ApiOkResponse({
    type: ClientInfo,
    description: 'The client. Fields that the broker leaves out are left out.',
  })
  get(
    @CurrentCaller() caller: Caller,
    @Param() broker: BrokerRef,
    @Query() { clientid }: GetClientQuery,
  ): Promise<ClientFields> {
    return this.#service.get(caller, broker, clientid);
  }
}

/** Reads the first page before anything is sent, so that a broker that cannot list gets the caller a proper error. */
async function toLines(
  pages: AsyncGenerator<readonly ClientFields[], void>,
): Promise<AsyncGenerator<string, void>> {
  const first = await pages.next();
  async function* lines(): AsyncGenerator<string, void> {
    let count = 0;
    try {
      for (let page = first; page.done !== true; page = await pages.next()) {
        count += page.value.length;
        yield page.value.map((client) => `${JSON.stringify(client)}\n`).join('');
      }
      yield `${JSON.stringify({ end: true, clients: count, notAnswered: [] })}\n`;
    } finally {
      await pages.return();
    }
  }
  return lines();
}
