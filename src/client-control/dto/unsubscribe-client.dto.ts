import { ApiProperty } from '@nestjs/swagger';
import { MAX_MQTT_STRING_BYTES } from '../../mqtt-strings/mqtt-string.js';
import { IsClientId, IsTopicFilter } from './validators.js';

/** Body of `unsubscribe`. */
export class UnsubscribeClientDto {
  @ApiProperty({
    description: 'The unique client id.',
    minLength: 1,
    maxLength: MAX_MQTT_STRING_BYTES,
    example: 'sensor-1',
  })
  @IsClientId()
  readonly clientid!: string;

  @ApiProperty({
    description: 'The topic filter to remove.',
    minLength: 1,
    maxLength: MAX_MQTT_STRING_BYTES,
    example: 'firmware/updates',
  })
  @IsTopicFilter()
  readonly topic!: string;
}
