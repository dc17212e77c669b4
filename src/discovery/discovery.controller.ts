import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Authorized, CurrentCaller } from '../auth/authorized.decorator.js';
import type { Caller } from '../access/caller.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { BrokerInfo, ProjectInfo } from './discovery.dto.js';
import { DiscoveryService } from './discovery.service.js';

/** Discovery: which projects and brokers there are, and how their connections are doing. */
@ApiTags('Projects and brokers')
@Controller('projects')
export class DiscoveryController {
  readonly #service: DiscoveryService;

  constructor(service: DiscoveryService) {
    this.#service = service;
  }

  @Get()
  @Authorized('viewer')
  @ApiOperation({ operationId: 'listProjects', summary: 'List the projects that the caller may see' })
  @ApiOkResponse({ type: [ProjectInfo], description: 'The projects.' })
  listProjects(@CurrentCaller() caller: Caller): ProjectInfo[] {
    return this.#service.listProjects(caller);
  }

  @Get(':projectId/brokers')
  @Authorized('viewer', 'INVALID', 'PROJECT_NOT_FOUND')
  @ApiTarget('project')
  @ApiOperation({ operationId: 'listBrokers', summary: "List a project's brokers" })
  @ApiOkResponse({ type: [BrokerInfo], description: 'The brokers that the caller may see.' })
  listBrokers(@CurrentCaller() caller: Caller, @Param('projectId') projectId: string): BrokerInfo[] {
    return this.#service.listBrokers(caller, projectId);
  }

  @Get(':projectId/brokers/:brokerId')
  @Authorized('viewer', 'INVALID', 'PROJECT_NOT_FOUND', 'BROKER_NOT_FOUND')
  @ApiTarget('project', 'broker')
  @ApiOperation({ operationId: 'getBroker', summary: 'Show a broker' })
  @ApiOkResponse({ type: BrokerInfo, description: 'The broker.' })
  getBroker(@Param('projectId') projectId: string, @Param('brokerId') brokerId: string): BrokerInfo {
    return this.#service.getBroker(projectId, brokerId);
  }
}
