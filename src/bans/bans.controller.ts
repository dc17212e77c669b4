import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audited } from '../access/audited.decorator.js';
import type { Caller } from '../access/caller.js';
import { Authorized, AuthorizedOnBroker, CurrentCaller } from '../auth/authorized.decorator.js';
import type { BrokerRef } from '../broker-gateway/broker-ref.js';
import { NEXT_CURSOR_HEADER } from '../fields/page.query.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { BansService } from './bans.service.js';
import {
  BanAnswer,
  BanKeyQuery,
  BansAnswer,
  BrokersAnswer,
  ListBansQuery,
  ListProjectBansQuery,
  ProjectBansAnswer,
  SetBanDto,
} from './dto/ban.dto.js';

/** Keeps clients out, on one broker or on all of a project. */
@ApiTags('Bans')
@Controller('projects/:projectId')
export class BansController {
  readonly #service: BansService;

  constructor(service: BansService) {
    this.#service = service;
  }

  @Post('brokers/:brokerId/bans')
  @HttpCode(HttpStatus.OK)
  @ApiTarget('project', 'broker')
  @Audited('ban')
  @AuthorizedOnBroker('editor', 'BAN_TOO_WIDE', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  @ApiOperation({
    operationId: 'setBan',
    summary: 'Keep clients out of a broker',
    description:
      'The broker refuses them from now on, also after its restart, and disconnects those that are there. The same `as` and `who` again replaces. Users that may command the broker are exempt.',
  })
  @ApiOkResponse({ description: 'They are kept out.', type: BanAnswer })
  set(
    @CurrentCaller() caller: Caller,
    @Param() broker: BrokerRef,
    @Body() ban: SetBanDto,
    @Req() { record }: FastifyRequest,
  ): Promise<object> {
    return this.#service.set(broker, caller, ban, record);
  }

  @Get('brokers/:brokerId/bans')
  @ApiTarget('project', 'broker')
  @AuthorizedOnBroker('viewer')
  @ApiOperation({ operationId: 'listBans', summary: 'List the bans of a broker, newest first' })
  @ApiOkResponse({ description: 'The bans.', type: BansAnswer, headers: NEXT_CURSOR_HEADER })
  async list(
    @Param() broker: BrokerRef,
    @Query() { limit, cursor }: ListBansQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const { bans, next } = await this.#service.list(broker, limit, cursor);
    if (next !== undefined) void reply.header('X-Next-Cursor', next);
    return { bans };
  }

  @Delete('brokers/:brokerId/bans')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiTarget('project', 'broker')
  @Audited('unban')
  @AuthorizedOnBroker('editor', 'BAN_NOT_FOUND')
  @ApiOperation({ operationId: 'deleteBan', summary: 'Lift a ban of a broker' })
  @ApiNoContentResponse({ description: 'There is no such ban any more.' })
  delete(
    @Param() broker: BrokerRef,
    @Query() key: BanKeyQuery,
    @Req() { record }: FastifyRequest,
  ): Promise<void> {
    return this.#service.delete(broker, key, record);
  }

  @Post('bans')
  @HttpCode(HttpStatus.OK)
  @ApiTarget('project')
  @Audited('ban')
  @Authorized(
    'editor',
    'INVALID',
    'PROJECT_NOT_FOUND',
    'BAN_TOO_WIDE',
    'PAYLOAD_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
  )
  @ApiOperation({
    operationId: 'setBanOnProject',
    summary: 'Keep clients out of all brokers of a project',
    description: 'Each broker that the caller may control has its own outcome; nothing is tried again.',
  })
  @ApiOkResponse({ description: 'What became of it on each broker.', type: BrokersAnswer })
  async setOnProject(
    @CurrentCaller() caller: Caller,
    @Param('projectId') project: string,
    @Body() ban: SetBanDto,
    @Req() { record }: FastifyRequest,
  ): Promise<object> {
    return { brokers: await this.#service.setOnProject(project, caller, ban, record) };
  }

  @Get('bans')
  @ApiTarget('project')
  @Authorized('viewer', 'INVALID', 'PROJECT_NOT_FOUND')
  @ApiOperation({
    operationId: 'listBansOfProject',
    summary: 'List the bans of all brokers of a project, newest first',
    description:
      'A page has the newest of each broker, at most `limit` of them; the next one goes on with the brokers that have more.',
  })
  @ApiOkResponse({
    description: 'The bans, each with its broker.',
    type: ProjectBansAnswer,
    headers: NEXT_CURSOR_HEADER,
  })
  async listOfProject(
    @CurrentCaller() caller: Caller,
    @Param('projectId') project: string,
    @Query() { limit, cursor }: ListProjectBansQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const page = await this.#service.listOfProject(project, caller, limit, cursor);
    if (page.next !== undefined) void reply.header('X-Next-Cursor', page.next);
    return { bans: page.bans, notAnswered: page.notAnswered };
  }

  @Delete('bans')
  @ApiTarget('project')
  @Audited('unban')
  @Authorized('editor', 'INVALID', 'PROJECT_NOT_FOUND')
  @ApiOperation({ operationId: 'deleteBanOnProject', summary: 'Lift a ban on all brokers of a project' })
  @ApiOkResponse({
    description: 'What became of it on each broker; 404 where there was no such ban.',
    type: BrokersAnswer,
  })
  async deleteOnProject(
    @CurrentCaller() caller: Caller,
    @Param('projectId') project: string,
    @Query() key: BanKeyQuery,
    @Req() { record }: FastifyRequest,
  ): Promise<object> {
    return { brokers: await this.#service.deleteOnProject(project, caller, key, record) };
  }
}
