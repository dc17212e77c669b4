import { applyDecorators, Controller, Get, Param, Query, Req, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../access/caller.js';
import { Authorized, CurrentCaller } from '../auth/authorized.decorator.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { ListenQuery } from './dto/listen.query.js';
import { EventsService } from './events.service.js';

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/** What both routes have in common. */
const AnswersEvents = (): MethodDecorator =>
  applyDecorators(
    ApiProduces('text/event-stream'),
    ApiHeader({
      name: 'Last-Event-ID',
      description:
        'Where to go on: the `id` of the last event that was received. Where that is not possible, a `gap` is sent.',
      required: false,
      schema: { type: 'string' },
    }),
    ApiOkResponse({
      description:
        'Server-sent events until the caller goes, the service stops, or the credential ends. First an `id` to come back to, the state of each broker, and whether it tells of its clients; then what happens.',
      content: {
        'text/event-stream': {
          schema: {
            type: 'string',
            example:
              'id: 5f0c1b2a3d4e.7\nevent: client.disconnected\ndata: {"time":"2026-11-26T03:00:00.000Z","project":"demo","broker":"embedded","clientid":"sensor-1","reason":"kicked","sessionStays":false}\n\n',
          },
        },
      },
    }),
  );

/** Live events of brokers and of what is done to their clients. */
@ApiTags('Events')
@Controller('projects/:projectId')
export class EventsController {
  readonly #service: EventsService;

  constructor(service: EventsService) {
    this.#service = service;
  }

  @Get('brokers/:brokerId/events')
  @ApiTarget('project', 'broker')
  @Authorized('viewer', 'INVALID', 'PROJECT_NOT_FOUND', 'BROKER_NOT_FOUND')
  @ApiOperation({ operationId: 'listenToBroker', summary: 'Listen to what happens on a broker' })
  @AnswersEvents()
  broker(
    @CurrentCaller() caller: Caller,
    @Param() { projectId, brokerId }: BrokerRef,
    @Query() query: ListenQuery,
    @Req() request: FastifyRequest,
  ): StreamableFile {
    return this.#stream(caller, projectId, brokerId, query, request);
  }

  @Get('events')
  @ApiTarget('project')
  @Authorized('viewer', 'INVALID', 'PROJECT_NOT_FOUND')
  @ApiOperation({
    operationId: 'listenToProject',
    summary: 'Listen to what happens on the brokers of a project that the caller may see',
  })
  @AnswersEvents()
  project(
    @CurrentCaller() caller: Caller,
    @Param('projectId') project: string,
    @Query() query: ListenQuery,
    @Req() request: FastifyRequest,
  ): StreamableFile {
    return this.#stream(caller, project, undefined, query, request);
  }

  #stream(
    caller: Caller,
    project: string,
    broker: string | undefined,
    query: ListenQuery,
    { headers }: FastifyRequest,
  ): StreamableFile {
    const lastEventId = headers['last-event-id'];
    const stream = this.#service.listen({
      caller,
      authorization: headers.authorization,
      project,
      broker,
      clientid: query.clientid,
      types: query.type,
      lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
    });
    return new StreamableFile(stream, { type: EVENT_STREAM });
  }
}
