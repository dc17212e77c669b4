import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Authorized, CurrentCaller } from '../auth/authorized.decorator.js';
import { isAllowed, type Caller } from '../access/caller.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { AuditReader } from './audit-reader.js';
import { AuditEntry } from './dto/audit-entry.dto.js';
import { ListAuditRecordsQuery } from './dto/list-audit-records.query.js';

/** The audit trail of a project. */
@ApiTags('Audit')
@ApiTarget('project')
@Controller('projects/:projectId/audit')
export class AuditController {
  readonly #reader: AuditReader;

  constructor(reader: AuditReader) {
    this.#reader = reader;
  }

  @Get()
  @Authorized('admin', 'INVALID', 'PROJECT_NOT_FOUND', 'AUDIT_NOT_AVAILABLE')
  @ApiOperation({
    operationId: 'listAuditRecords',
    summary: 'Read the audit trail, newest first',
    description:
      'Reads the file that the trail is being written to; files that were rotated away are not read. With `audit.required`, an action has two records: one with the outcome `STARTED` from before its command was sent, and one from its end.',
  })
  @ApiOkResponse({
    type: [AuditEntry],
    description: "The project's records, those of the brokers that the caller administers.",
    headers: {
      'X-Malformed-Lines': {
        description:
          'How many lines were skipped because they are no audit records, in the part that was read.',
        schema: { type: 'integer', minimum: 0 },
        example: 0,
      },
    },
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Param('projectId') project: string,
    @Query() query: ListAuditRecordsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const canSeeBroker = (broker: string | undefined): boolean =>
      isAllowed(caller, { role: 'admin', project, broker });
    const { lines, malformedCount } = await this.#reader.read(
      { project, canSeeBroker },
      query,
      () => !reply.raw.destroyed,
    );
    void reply.header('Content-Type', 'application/json; charset=utf-8');
    void reply.header('X-Malformed-Lines', malformedCount);
    return `[${lines.join(',')}]`;
  }
}
