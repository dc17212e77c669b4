import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';

/** The body of every error answer, for the OpenAPI document. */
export class ErrorResponse {
  @ApiProperty({ description: 'What went wrong, for people.', example: 'The broker did not answer in time' })
  readonly message!: string;

  @ApiProperty({
    description: 'What went wrong, for programs.',
    enum: Object.keys(ERROR_CODES),
    enumName: 'ErrorCode',
  })
  readonly code!: ErrorCode;

  @ApiProperty({ description: 'The HTTP status.', type: 'integer', example: 504 })
  readonly status!: number;

  @ApiPropertyOptional({
    description: 'Facts that a program can use.',
    type: 'object',
    additionalProperties: true,
  })
  readonly info?: Readonly<Record<string, unknown>>;
}
