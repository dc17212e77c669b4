import { ApiPropertyOptional } from '@nestjs/swagger';
import { QueryInteger, QueryParameter } from '../http/body/query-parameter.decorator.js';

const MAX_CURSOR_CHARACTERS = 64;

/** Query of a list that comes in pages; `X-Next-Cursor` of one leads to the next. */
export class PageQuery {
  @ApiPropertyOptional({
    description: 'How many to list at most.',
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 100,
    example: 100,
  })
  @QueryInteger(1, 1000)
  readonly limit: number = 100;

  @ApiPropertyOptional({ description: '`X-Next-Cursor` of the page before.', type: 'string' })
  @QueryParameter((value) =>
    typeof value === 'string' && value !== '' && value.length <= MAX_CURSOR_CHARACTERS
      ? undefined
      : 'must be the X-Next-Cursor of a page',
  )
  readonly cursor?: string;
}

/** `X-Next-Cursor`, for the OpenAPI document. */
export const NEXT_CURSOR_HEADER = {
  'X-Next-Cursor': {
    description: 'Where the next page begins (`cursor`); absent on the last.',
    schema: { type: 'string' as const },
    example: '100',
  },
};
