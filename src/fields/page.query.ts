import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { QueryInteger, QueryParameter } from '../http/body/query-parameter.decorator.js';

const MAX_CURSOR_CHARACTERS = 64;

/** How many entries of a list are asked for: 1 to 1,000, and 100 where the property begins with that. */
export const LimitParameter = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description,
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 100,
      example: 100,
    }),
    QueryInteger(1, 1000),
  );

/** Where the page before ended. @param maxCharacters more than any that was given out has */
export const CursorParameter = (maxCharacters: number): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ description: '`X-Next-Cursor` of the page before.', type: 'string' }),
    QueryParameter((value) =>
      typeof value === 'string' && value !== '' && value.length <= maxCharacters
        ? undefined
        : 'must be the X-Next-Cursor of a page',
    ),
  );

/** Query of a list that comes in pages; `X-Next-Cursor` of one leads to the next. */
export class PageQuery {
  @LimitParameter('How many to list at most.')
  readonly limit: number = 100;

  @CursorParameter(MAX_CURSOR_CHARACTERS)
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
