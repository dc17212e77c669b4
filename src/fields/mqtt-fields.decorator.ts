import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn } from 'class-validator';
import { Check, MayBeAbsent } from '../http/body/check.decorator.js';
import { MAX_MQTT_STRING_BYTES, mqttStringProblem } from '../mqtt-strings/mqtt-string.js';
import { topicFilterProblem } from '../mqtt-strings/topic-filter.js';

/** The quality of service of a subscription. */
export type Qos = 0 | 1 | 2;

/**
 * A client id: an MQTT string that is not empty. Like every decorator here, rule, documentation and example in one.
 *
 * @param where in a query, a parameter that is given twice arrives as an array; the refusal then says what is wrong
 *
 * @example
 * ```ts
 * class DisconnectClientDto {
 *   @ClientIdField()
 *   readonly clientid!: string;
 * }
 * ```
 */
export const ClientIdField = (where: 'body' | 'query' = 'body'): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      description: 'The unique client id.',
      minLength: 1,
      maxLength: MAX_MQTT_STRING_BYTES,
      example: 'sensor-1',
    }),
    Check('isClientId', (value) =>
      where === 'query' && Array.isArray(value) ? 'must be given only once' : mqttStringProblem(value),
    ),
  );

/**
 * A topic filter as MQTT 5 section 4.7 defines it.
 *
 * @param description what becomes of it
 */
export const TopicFilterField = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      description,
      minLength: 1,
      maxLength: MAX_MQTT_STRING_BYTES,
      example: 'firmware/updates',
    }),
    Check('isTopicFilter', topicFilterProblem),
  );

/** The highest QoS of a subscription. The property's own default, 0, applies when it is absent. */
export const QosField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: 'The highest QoS to send messages with.',
      enum: [0, 1, 2],
      type: 'integer',
      default: 0,
      example: 1,
    }),
    IsIn([0, 1, 2], { message: 'must be 0, 1 or 2' }),
  );

/**
 * A boolean that may be absent.
 *
 * @param description what `true` means
 * @param documentation `default` where absence has one
 */
export const FlagField = (
  description: string,
  documentation: { readonly default?: boolean; readonly example: boolean },
): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ description, ...documentation }),
    MayBeAbsent(),
    IsBoolean({ message: 'must be true or false' }),
  );

/** An integer that may be absent. */
export const IntegerField = (description: string, minimum: number, maximum: number): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ description, type: 'integer', minimum, maximum }),
    MayBeAbsent(),
    Check('isIntegerInRange', (value) =>
      Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum
        ? undefined
        : `must be an integer from ${minimum} to ${maximum}`,
    ),
  );

/** A time in epoch milliseconds that may be absent. */
export const EpochMsField = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ description, type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    MayBeAbsent(),
    Check('isEpochMs', (value) =>
      Number.isSafeInteger(value) && (value as number) >= 0
        ? undefined
        : 'must be a time in epoch milliseconds',
    ),
  );
