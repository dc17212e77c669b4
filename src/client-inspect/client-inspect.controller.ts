import { Controller, Get, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AuthorizedOnBroker } from '../auth/authorized.decorator.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import type { ClientFields } from './client-answers.js';
import { ClientInspectService } from './client-inspect.service.js';
import { ClientInfo } from './dto/client-info.dto.js';
import { GetClientQuery } from './dto/get-client.query.js';
import { ListClientsQuery } from './dto/list-clients.query.js';

/** What a broker knows of its clients. */
@ApiTags('Client inspect')
@ApiTarget('project', 'broker')
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
      'The broker does the paging. The filters are applied by this service, because the broker has none: with a filter, `offset` and `count` count the clients that match.',
  })
  @ApiOkResponse({
    type: [ClientInfo],
    description: 'The clients. Fields that the broker leaves out are left out.',
    headers: {
      'X-Total-Count': {
        description:
          'How many clients there are in all (with a filter: how many match). Absent when the broker does not tell, or when the filtered list was not read to its end.',
        schema: { type: 'integer', minimum: 0 },
        example: 4,
      },
    },
  })
  async list(
    @Param() broker: BrokerRef,
    @Query() query: ListClientsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const list = await this.#service.list(broker, query, () => !reply.raw.destroyed);
    if (list.totalCount !== undefined) void reply.header('X-Total-Count', list.totalCount);
    return new StreamableFile(list.toStream(), {
      type: 'application/json; charset=utf-8',
      length: list.byteLength,
    });
  }

  @Get('detail')
  @AuthorizedOnBroker('viewer', 'CLIENT_NOT_FOUND')
  @ApiOperation({ operationId: 'getClient', summary: 'Show a client in full' })
  @ApiOkResponse({
    type: ClientInfo,
    description: 'The client. Fields that the broker leaves out are left out.',
  })
  get(@Param() broker: BrokerRef, @Query() { clientid }: GetClientQuery): Promise<ClientFields> {
    return this.#service.get(broker, clientid);
  }
}
