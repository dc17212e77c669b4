import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { notAllowed } from '../access/not-allowed.js';
import type { Caller } from '../access/caller.js';
import { Authorized, CurrentCaller } from '../auth/authorized.decorator.js';
import { ApiTarget } from '../openapi/api-target.decorator.js';
import { scopeOf } from './audit-filter.js';
import { AuditReader } from './audit-reader.js';
import { AuditEntry } from './dto/audit-entry.dto.js';
import { ListAuditRecordsQuery } from './dto/list-audit-records.query.js';

const DESCRIPTION = `A page ends at \`limit\` records or about a megabyte; \`X-Next-Cursor\`, given as \`cursor\`, reads on, and is absent when there is nothing older. Paging neither skips nor repeats a record, whatever is written meanwhile.

With \`audit.required\`, an action has two records: one with the outcome \`STARTED\` from before its command was sent, listed only with \`started=true\`, and one from its end. A call with many items has a record for each item, and one for itself, all with the same \`callId\`; so has an action on all brokers of a project for each broker.`;

const HEADERS = {
  'X-Next-Cursor': {
    description: 'What to give as `cursor` to read older records; absent when there are none.',
    schema: { type: 'string' },
  },
  'X-Audit-Source': {
    description:
      'The store, `memory`, `file` or `postgres`; for the first two, which belong to one process, also which one.',
    schema: { type: 'string' },
    example: 'memory; replica="cc-7f9d:1"',
  },
  'X-Audit-Oldest': {
    description:
      'When the oldest record in the store was written, of whomever; absent when there is none. Nothing is known of before.',
    schema: { type: 'string', format: 'date-time' },
    example: '2026-01-01T00:00:00.000Z',
  },
  'X-Malformed-Lines': {
    description:
      'How many lines of a file were skipped because they are no audit records, in the part that was read.',
    schema: { type: 'integer', minimum: 0 },
    example: 0,
  },
} as const;

/** The audit trail. */
@ApiTags('Audit')
@Controller()
export class AuditController {
  readonly #reader: AuditReader;

  constructor(reader: AuditReader) {
    this.#reader = reader;
  }

  @Get('projects/:projectId/audit')
  @ApiTarget('project')
  @Authorized('admin', 'INVALID', 'PROJECT_NOT_FOUND', 'AUDIT_NOT_AVAILABLE', 'AUDIT_STORE_UNAVAILABLE')
  @ApiOperation({
    operationId: 'listAuditRecords',
    summary: "Read a project's audit trail, newest first",
    description: DESCRIPTION,
  })
  @ApiOkResponse({
    type: [AuditEntry],
    description:
      "The project's records, those of the brokers that the caller administers. What names no broker is for those who administer all of them.",
    headers: HEADERS,
  })
  list(
    @CurrentCaller() caller: Caller,
    @Param('projectId') project: string,
    @Query() query: ListAuditRecordsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.#page(caller, project, query, reply);
  }

  @Get('audit')
  @Authorized('admin', 'INVALID', 'AUDIT_NOT_AVAILABLE', 'AUDIT_STORE_UNAVAILABLE')
  @ApiOperation({
    operationId: 'listAllAuditRecords',
    summary: 'Read the audit trail of all that the caller administers, newest first',
    description: DESCRIPTION,
  })
  @ApiOkResponse({
    type: [AuditEntry],
    description: 'The records of all projects and brokers that the caller administers.',
    headers: HEADERS,
  })
  listAll(
    @CurrentCaller() caller: Caller,
    @Query() query: ListAuditRecordsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return this.#page(caller, undefined, query, reply);
  }

  async #page(
    caller: Caller,
    project: string | undefined,
    { limit, cursor, ...filter }: ListAuditRecordsQuery,
    reply: FastifyReply,
  ): Promise<string> {
    const scope = scopeOf(caller, project);
    if (scope.length === 0) throw notAllowed({ role: 'admin', project });
    const query = { scope, filter, limit, cursor };
    const page = await this.#reader.read(query, () => !reply.raw.destroyed);
    void reply.headers({
      'Content-Type': 'application/json; charset=utf-8',
      'X-Audit-Source': page.source,
      'X-Malformed-Lines': page.malformedCount,
      ...(page.oldest !== undefined && { 'X-Audit-Oldest': page.oldest }),
      ...(page.next !== undefined && { 'X-Next-Cursor': page.next }),
    });
    return `[${page.records.join(',')}]`;
  }
}
