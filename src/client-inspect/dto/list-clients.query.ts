import { ApiPropertyOptional } from '@nestjs/swagger';
import { QueryBoolean, QueryInteger, QueryParameter } from '../../http/body/query-parameter.decorator.js';
import { MAX_MQTT_STRING_BYTES, mqttStringProblem } from '../../mqtt-strings/mqtt-string.js';

/** Brokers count in 32 bits. */
const MAX_INTEGER = 2_147_483_647;
const MAX_GLOB_CHARACTERS = 1024;

/** Query of `listClients`. */
export class ListClientsQuery {
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
    description: 'How many clients to list at most; -1 means all.',
    type: 'integer',
    minimum: -1,
    maximum: MAX_INTEGER,
    default: 100,
    example: 100,
  })
  @QueryInteger(-1, MAX_INTEGER)
  readonly count: number = 100;

  @ApiPropertyOptional({
    description:
      'Only clients whose id matches: `*` stands for any characters, `?` for one. Applied by this service.',
    minLength: 1,
    maxLength: MAX_GLOB_CHARACTERS,
    example: 'sensor-*',
  })
  @QueryParameter((value) =>
    typeof value === 'string' && value.length > MAX_GLOB_CHARACTERS
      ? `must be at most ${MAX_GLOB_CHARACTERS} characters`
      : mqttStringProblem(value),
  )
  readonly clientid?: string;

  @ApiPropertyOptional({
    description:
      'Only clients with exactly this user name; `<anonymous>` for those without one. Applied by this service.',
    minLength: 1,
    maxLength: MAX_MQTT_STRING_BYTES,
    example: '<anonymous>',
  })
  @QueryParameter(mqttStringProblem)
  readonly username?: string;

  @ApiPropertyOptional({
    description: 'Only clients that are, or are not, connected now. Applied by this service.',
    type: 'boolean',
    example: true,
  })
  @QueryBoolean()
  readonly connected?: boolean;
}
