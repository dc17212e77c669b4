import { ApiPropertyOptional } from '@nestjs/swagger';
import { z } from 'zod';
import { AUDITED_ACTIONS, type AuditedAction } from '../../access/actions.js';
import { QueryInteger, QueryParameter } from '../../http/body/query-parameter.decorator.js';
import { mqttStringProblem } from '../../mqtt-strings/mqtt-string.js';

const MAX_LIMIT = 1000;

const dateTime = z.iso.datetime({ offset: true });

/** A date and time with a zone. */
const QueryDateTime = (): PropertyDecorator =>
  QueryParameter(
    (value) =>
      value instanceof Date ? undefined : 'must be a date and time with a zone, such as 2026-11-23T12:00:00Z',
    (text) => (dateTime.safeParse(text).success ? new Date(text) : text),
  );

/** Query of `listAuditRecords`. */
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
    description: 'How many records to list at most.',
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    default: 100,
    example: 100,
  })
  @QueryInteger(1, MAX_LIMIT)
  readonly limit: number = 100;
}
