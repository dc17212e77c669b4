import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Caller } from '../access/caller.js';
import { Authorized, CurrentCaller } from '../auth/authorized.decorator.js';
import { CallerInfo } from './discovery.dto.js';

/** Tells a caller who it is to this service: a page must not offer what would be refused. */
@ApiTags('Projects and brokers')
@Controller('caller')
export class CallerController {
  @Get()
  @Authorized('viewer')
  @ApiOperation({ operationId: 'getCaller', summary: 'Show who calls, and with which grants' })
  @ApiOkResponse({ type: CallerInfo, description: 'The caller.' })
  getCaller(@CurrentCaller() { name, kind, grants }: Caller): CallerInfo {
    return { name, kind, grants };
  }
}
