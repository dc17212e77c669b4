import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsIn, IsObject, ValidateNested } from 'class-validator';
import { MayBeAbsent } from '../../http/body/check.decorator.js';
import { MAX_MQTT_STRING_BYTES } from '../../mqtt-strings/mqtt-string.js';
import { FitsTopic, IsClientId, IsTopicFilter } from './validators.js';

const SEND_RETAIN = ['always', 'new', 'never', 'null', null] as const;

/** Options of a subscription; what is absent stays at the broker's default. */
export class SubscriptionOptionsDto {
  @ApiPropertyOptional({ description: 'Do not send the client its own messages.', example: false })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  readonly no_local?: boolean;

  @ApiPropertyOptional({
    description: 'Keep the retain flag of forwarded messages as published.',
    example: true,
  })
  @MayBeAbsent()
  @IsBoolean({ message: 'must be true or false' })
  readonly retain_as_published?: boolean;

  @ApiPropertyOptional({
    description:
      'When to send retained messages: `always`, only if the subscription is `new`, or `never`. `null` and `"null"` mean not set.',
    type: 'string',
    nullable: true,
    enum: SEND_RETAIN,
    example: 'always',
  })
  @MayBeAbsent()
  @IsIn(SEND_RETAIN, { message: 'must be "always", "new", "never", "null" or null' })
  readonly send_retain?: (typeof SEND_RETAIN)[number];
}

/** Body of `subscribe`. */
export class SubscribeClientDto {
  @ApiProperty({
    description: 'The unique client id.',
    minLength: 1,
    maxLength: MAX_MQTT_STRING_BYTES,
    example: 'sensor-1',
  })
  @IsClientId()
  readonly clientid!: string;

  @ApiProperty({
    description: 'The topic filter to subscribe to.',
    minLength: 1,
    maxLength: MAX_MQTT_STRING_BYTES,
    example: 'firmware/updates',
  })
  @IsTopicFilter()
  readonly topic!: string;

  @ApiPropertyOptional({
    description: 'The highest QoS to send messages with.',
    enum: [0, 1, 2],
    type: 'integer',
    default: 0,
    example: 1,
  })
  @IsIn([0, 1, 2], { message: 'must be 0, 1 or 2' })
  readonly qos: 0 | 1 | 2 = 0;

  @ApiPropertyOptional({ description: 'Subscription options.', type: SubscriptionOptionsDto })
  @MayBeAbsent()
  @IsObject({ message: 'must be an object' })
  @FitsTopic()
  @ValidateNested({ message: 'must be an object' })
  @Type(() => SubscriptionOptionsDto)
  readonly options?: SubscriptionOptionsDto;
}
