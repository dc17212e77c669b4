import { ApiPropertyOptional } from '@nestjs/swagger';
import { z } from 'zod';
import { AUDITED_ACTIONS, type AuditedAction } from '../../access/actions.js';
import { ERROR_CODES } from '../../errors/error-codes.js';
import { QueryBoolean, QueryInteger, QueryParameter } from '../../http/body/query-parameter.decorator.js';
import { mqttStringProblem } from '../../mqtt-strings/mqtt-string.js';
import { isComparable } from '../audit-filter.js';
import type { AuditOutcome } from '../audit-record.js';

const MAX_LIMIT = 1000;
const MAX_TEXT = 1024;
const OUTCOMES = ['OK', 'STARTED', ...Object.keys(ERROR_CODES)] as AuditOutcome[];

const dateTime = z.iso.datetime({ offset: true });

/** A date and time with a zone. */
const QueryDateTime = (): PropertyDecorator =>
  QueryParameter(
    (value) =>
      value instanceof Date && isComparable(value)
        ? undefined
        : 'must be a date and time with a zone, such as 2026-11-23T12:00:00Z',
    (text) => (dateTime.safeParse(text).success ? new Date(text) : text),
  );

/** Text of a length that a record can hold. */
const QueryText = (): PropertyDecorator =>
  QueryParameter((value) =>
    typeof value === 'string' && value !== '' && value.length <= MAX_TEXT
      ? undefined
      : `must have 1 to ${MAX_TEXT} characters`,
  );

/** Query of `listAuditRecords` and `listAllAuditRecords`. */
export class ListAuditRecordsQuery {
  @ApiPropertyOptional({
    description: 'Only records from this time on.',
    type: 'string',
    format: 'date-time',
    example: '2026-01-01T00:00:00Z',
  })
  @QueryDateTime()
  readonly from?: Date;

  @ApiPropertyOptional({
    description: 'Only records up to this time.',
    type: 'string',
    format: 'date-time',
    example: '2036-01-01T00:00:00Z',
  })
  @QueryDateTime()
  readonly to?: Date;

  @ApiPropertyOptional({ description: 'Only records about this client id.', example: 'sensor-1' })
  @QueryParameter(mqttStringProblem)
  readonly clientid?: string;

  @ApiPropertyOptional({
    description: 'Only records of this action.',
    enum: AUDITED_ACTIONS,
    example: 'disconnect',
  })
  @QueryParameter((value) =>
    AUDITED_ACTIONS.some((action) => action === value)
      ? undefined
      : `must be one of ${AUDITED_ACTIONS.join(', ')}`,
  )
  readonly action?: AuditedAction;

  @ApiPropertyOptional({
    description: "Only records of this caller: a token's name or a JWT's subject.",
    example: 'demo',
  })
  @QueryText()
  readonly caller?: string;

  @ApiPropertyOptional({
    description: 'Only records with this outcome: `OK` or an error code, or `STARTED`.',
    enum: OUTCOMES,
    example: 'OK',
  })
  @QueryParameter((value) =>
    OUTCOMES.some((outcome) => outcome === value) ? undefined : 'must be OK, STARTED or an error code',
  )
  readonly outcome?: AuditOutcome;

  @ApiPropertyOptional({ description: 'Only records of the request with this `X-Request-Id`.' })
  @QueryText()
  readonly requestId?: string;

  @ApiPropertyOptional({ description: 'Only records of the call with this `callId`, and of its items.' })
  @QueryText()
  readonly callId?: string;

  @ApiPropertyOptional({ description: 'Only records about this broker.', example: 'embedded' })
  @QueryText()
  readonly broker?: string;

  @ApiPropertyOptional({
    description: 'Whether to list `STARTED` records, too.',
    type: 'boolean',
    default: false,
    example: false,
  })
  @QueryBoolean()
  readonly started?: boolean;

  @ApiPropertyOptional({
    description: 'How many records to list at most.',
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: 100,
    example: 100,
  })
  @QueryInteger(1, MAX_LIMIT)
  readonly limit: number = 100;

  @ApiPropertyOptional({ description: '`X-Next-Cursor` of the page before.' })
  @QueryText()
  readonly cursor?: string;
}
