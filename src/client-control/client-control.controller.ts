import { Body, Controller, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { ClientControlService } from './client-control.service.js';
import { ControlCall } from './control-call.js';
import { OperationRoute } from './operation-route.decorator.js';
import { disconnect, DisconnectClientDto } from './operations/disconnect.operation.js';
import { subscribe, SubscribeClientDto } from './operations/subscribe.operation.js';
import { unsubscribe, UnsubscribeClientDto } from './operations/unsubscribe.operation.js';

/** The Client Control REST API of Mosquitto 3.0: a route for each of `operations/`. */
@ApiTags('Client control')
@ApiTarget('project', 'broker')
@Controller('projects/:projectId/brokers/:brokerId/client-control')
export class ClientControlController {
  readonly #service: ClientControlService;

  constructor(service: ClientControlService) {
    this.#service = service;
  }

  @OperationRoute(disconnect)
  disconnect(@Req() request: FastifyRequest, @Body() body: DisconnectClientDto): Promise<object | undefined> {
    return this.#service.run(new ControlCall(request), disconnect, body);
  }

  @OperationRoute(subscribe)
  subscribe(@Req() request: FastifyRequest, @Body() body: SubscribeClientDto): Promise<object | undefined> {
    return this.#service.run(new ControlCall(request), subscribe, body);
  }

  @OperationRoute(unsubscribe)
  unsubscribe(
    @Req() request: FastifyRequest,
    @Body() body: UnsubscribeClientDto,
  ): Promise<object | undefined> {
    return this.#service.run(new ControlCall(request), unsubscribe, body);
  }
}
