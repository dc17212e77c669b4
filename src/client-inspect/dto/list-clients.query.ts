import { ApiPropertyOptional } from '@nestjs/swagger';
import { CLIENT_FIELDS } from '../../broker-clients/client-fields.js';
import { ClientFilterQuery, FieldNamesQuery } from '../../fields/client-filter.query.js';
import { QueryInteger, QueryParameter } from '../../http/body/query-parameter.decorator.js';

/** Brokers count in 32 bits. */
const MAX_INTEGER = 2_147_483_647;
const MAX_FOUND = 10_000;

/** Query of `listClients`. */
export class ListClientsQuery extends ClientFilterQuery {
  @ApiPropertyOptional({
    description: 'How many clients to skip.',
    type: 'integer',
    minimum: 0,
    maximum: MAX_INTEGER,
    default: 0,
    example: 0,
  })
  @QueryInteger(0, MAX_INTEGER)
  readonly offset: number = 0;

  @ApiPropertyOptional({
    description:
      'How many clients to list at most; -1 means all. As `application/x-ndjson`, absent means all, too.',
    type: 'integer',
    minimum: -1,
    maximum: MAX_INTEGER,
    default: 100,
    example: 100,
  })
  @QueryInteger(-1, MAX_INTEGER)
  readonly count?: number;

  @FieldNamesQuery(CLIENT_FIELDS)
  readonly fields?: ReadonlySet<string>;
}

/** Query of `findClients`. */
export class FindClientsQuery extends ClientFilterQuery {
  @ApiPropertyOptional({
    description: 'How many clients to list at most. As `application/x-ndjson`, absent means all.',
    type: 'integer',
    minimum: 1,
    maximum: MAX_FOUND,
    default: 100,
    example: 100,
  })
  @QueryInteger(1, MAX_FOUND)
  readonly limit?: number;

  @ApiPropertyOptional({
    description:
      '`X-Next-Cursor` of the answer before, to go on there. Not as `application/x-ndjson`, which has no pages.',
    type: 'string',
  })
  @QueryParameter((value) => (typeof value === 'string' && value !== '' ? undefined : 'must not be empty'))
  readonly cursor?: string;

  @FieldNamesQuery(CLIENT_FIELDS)
  readonly fields?: ReadonlySet<string>;
}
