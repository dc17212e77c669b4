import { Body, Controller, HttpCode, HttpStatus, Put } from '@nestjs/common';
import { ApiOkResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { ClientControlService } from './client-control.service.js';
import { Call, type ControlCall } from './control-call.js';
import { ControlsClients } from './controls-clients.decorator.js';
import { DisconnectClientDto } from './dto/disconnect-client.dto.js';
import { SubscribeClientDto } from './dto/subscribe-client.dto.js';
import { UnsubscribeClientDto } from './dto/unsubscribe-client.dto.js';

/** The Client Control REST API of Mosquitto 3.0. */
@ApiTags('Client control')
@ApiTarget('project', 'broker')
@ControlsClients()
@Controller('projects/:projectId/brokers/:brokerId/client-control')
export class ClientControlController {
  readonly #service: ClientControlService;

  constructor(service: ClientControlService) {
    this.#service = service;
  }

  @Put('disconnect')
  @ApiOperation({ operationId: 'disconnectClient', summary: 'Disconnect a client' })
  @ApiOkResponse({
    description: 'The broker disconnected the client.',
    schema: { type: 'object', example: {} },
  })
  async disconnect(@Call() call: ControlCall, @Body() body: DisconnectClientDto): Promise<object> {
    await this.#service.disconnect(call, body);
    return {};
  }

  @Put('subscribe')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({
    operationId: 'subscribeClient',
    summary: 'Subscribe a client to a topic filter on its behalf',
  })
  @ApiNoContentResponse({ description: 'The broker subscribed the client.' })
  subscribe(@Call() call: ControlCall, @Body() body: SubscribeClientDto): Promise<void> {
    return this.#service.subscribe(call, body);
  }

  @Put('unsubscribe')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({ operationId: 'unsubscribeClient', summary: "Remove a client's subscription" })
  @ApiNoContentResponse({ description: 'The broker removed the subscription.' })
  unsubscribe(@Call() call: ControlCall, @Body() body: UnsubscribeClientDto): Promise<void> {
    return this.#service.unsubscribe(call, body);
  }
}
