import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audited } from '../access/audited.decorator.js';
import type { Caller } from '../access/caller.js';
import { AuthorizedOnBroker, CurrentCaller } from '../auth/authorized.decorator.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { NEXT_CURSOR_HEADER } from '../fields/page.query.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import {
  DeleteStandingSubscriptionQuery,
  ListStandingSubscriptionsQuery,
  StandingSubscriptionAnswer,
  StandingSubscriptionDto,
  StandingSubscriptionInfo,
  StandingSubscriptionsAnswer,
} from './standing-subscription.dto.js';
import { StandingSubscriptionsService, type StandingRef } from './standing-subscriptions.service.js';

/** Documents the name in a path. */
const ApiName = (): MethodDecorator =>
  ApiParam({
    name: 'name',
    description: 'Its name, unique on its broker.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', example: 'commands' },
  });

/** Subscriptions that clients have whenever they connect. */
@ApiTags('Standing subscriptions')
@ApiTarget('project', 'broker')
@Controller('projects/:projectId/brokers/:brokerId/standing-subscriptions')
export class StandingSubscriptionsController {
  readonly #service: StandingSubscriptionsService;

  constructor(service: StandingSubscriptionsService) {
    this.#service = service;
  }

  @Get()
  @AuthorizedOnBroker('viewer')
  @ApiOperation({
    operationId: 'listStandingSubscriptions',
    summary: 'List the standing subscriptions of a broker',
  })
  @ApiOkResponse({
    description: 'The standing subscriptions, by name.',
    type: StandingSubscriptionsAnswer,
    headers: NEXT_CURSOR_HEADER,
  })
  async list(
    @Param() broker: BrokerRef,
    @Query() { limit, cursor }: ListStandingSubscriptionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const { standingSubscriptions, next } = await this.#service.list(broker, limit, cursor);
    if (next !== undefined) void reply.header('X-Next-Cursor', next);
    return { standingSubscriptions };
  }

  @Get(':name')
  @ApiName()
  @AuthorizedOnBroker('viewer', 'STANDING_SUBSCRIPTION_NOT_FOUND')
  @ApiOperation({ operationId: 'getStandingSubscription', summary: 'Show a standing subscription' })
  @ApiOkResponse({ description: 'The standing subscription.', type: StandingSubscriptionInfo })
  get(@Param() at: StandingRef): Promise<object> {
    return this.#service.get(at);
  }

  @Put(':name')
  @ApiName()
  @Audited('set-standing-subscription')
  @AuthorizedOnBroker('editor', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  @ApiOperation({
    operationId: 'setStandingSubscription',
    summary: 'Subscribe clients to a topic whenever they connect',
    description:
      'The broker applies it at once to the clients that are there, and to the others when they connect. Another topic or select than before takes the old one away.',
  })
  @ApiOkResponse({ description: 'The broker applies it from now on.', type: StandingSubscriptionAnswer })
  set(
    @CurrentCaller() caller: Caller,
    @Param() at: StandingRef,
    @Body() body: StandingSubscriptionDto,
    @Req() { record }: FastifyRequest,
  ): Promise<object> {
    return this.#service.set(at, caller, body, record);
  }

  @Delete(':name')
  @ApiName()
  @HttpCode(HttpStatus.NO_CONTENT)
  @Audited('delete-standing-subscription')
  @AuthorizedOnBroker('editor', 'STANDING_SUBSCRIPTION_NOT_FOUND')
  @ApiOperation({ operationId: 'deleteStandingSubscription', summary: 'End a standing subscription' })
  @ApiNoContentResponse({ description: 'The broker does not apply it any more.' })
  delete(
    @Param() at: StandingRef,
    @Query() { unsubscribe }: DeleteStandingSubscriptionQuery,
    @Req() { record }: FastifyRequest,
  ): Promise<void> {
    return this.#service.delete(at, unsubscribe, record);
  }
}
