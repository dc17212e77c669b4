import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { AUDITED_ACTIONS, inWords, type AuditedAction } from '../../access/actions.js';
import type { Outcome } from '../../broker-gateway/gateway-error.js';
import { ERROR_CODES } from '../../errors/error-codes.js';
import type { JsonObject } from '../../json/json.js';
import type { AuditOutcome } from '../audit-record.js';

/** One record of the audit trail, for the OpenAPI document. */
export class AuditEntry {
  @ApiProperty({
    description: 'When the record was written.',
    format: 'date-time',
    example: '2026-11-23T12:00:00.000Z',
  })
  readonly time!: string;

  @ApiProperty({ example: '0b3e5f0e-9d3c-4c43-a6c8-3a6e6f6f0d3e' })
  readonly requestId!: string;

  @ApiProperty({ description: "The token's name, or the JWT's subject.", example: 'demo' })
  readonly caller!: string;

  @ApiProperty({ enum: ['token', 'jwt'], example: 'token' })
  readonly callerKind!: 'token' | 'jwt';

  @ApiPropertyOptional({
    description: 'The identity provider of a JWT: two of them may have a caller of the same name.',
    example: 'https://id.example.com/',
  })
  readonly callerIssuer?: string;

  @ApiProperty({ description: "The caller's address.", example: '127.0.0.1' })
  readonly address!: string;

  @ApiProperty({ example: 'demo' })
  readonly project!: string;

  @ApiProperty({ example: 'embedded' })
  readonly broker!: string;

  @ApiProperty({ description: `${inWords(AUDITED_ACTIONS)}.`, type: 'string', example: 'disconnect' })
  readonly action!: AuditedAction;

  @ApiPropertyOptional({
    description:
      'Absent when the request was refused before its body was read. Longer than 512 characters, it is cut, and ends with `…#` and its SHA-256 (base64url); so are other texts.',
    example: 'sensor-1',
  })
  readonly clientId?: string;

  @ApiPropertyOptional({ example: 'firmware/updates' })
  readonly topic?: string;

  @ApiPropertyOptional({
    description:
      'The same in the record of a call with many items, or on several brokers, and in those of its items or brokers.',
    example: '6f0a1f5e-3c0d-4a55-9a5f-0b1b8a6d2f11',
  })
  readonly callId?: string;

  @ApiPropertyOptional({
    description: "The item's place in its call, or the broker's, from 0.",
    type: 'integer',
    example: 0,
  })
  readonly index?: number;

  @ApiPropertyOptional({ description: "Why, in the caller's words.", example: 'compromised firmware' })
  readonly reason?: string;

  @ApiPropertyOptional({
    description: 'What an action was about that is not on one client, and what became of it.',
    type: 'object',
    additionalProperties: true,
    example: { summary: { total: 200, done: 200, failed: 0, notSent: 0, unknown: 0 } },
  })
  readonly details?: JsonObject;

  @ApiProperty({
    description: '`STARTED` before the command is sent (with `audit.required`), then `OK` or the error code.',
    enum: ['STARTED', 'OK', ...Object.keys(ERROR_CODES)],
    enumName: 'AuditOutcome',
    example: 'OK',
  })
  readonly outcome!: AuditOutcome;

  @ApiPropertyOptional({
    description: 'Whether a command that failed can have been executed.',
    enum: ['not-sent', 'unknown'],
    example: 'unknown',
  })
  readonly outcomeDetail?: Outcome;

  @ApiProperty({ description: 'Milliseconds since the request arrived.', example: 3.217 })
  readonly durationMs!: number;
}
