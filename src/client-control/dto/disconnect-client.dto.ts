import { ApiProperty } from '@nestjs/swagger';
import { MAX_MQTT_STRING_BYTES } from '../../mqtt-strings/mqtt-string.js';
import { IsClientId } from './validators.js';

/** Body of `disconnect`. */
export class DisconnectClientDto {
  @ApiProperty({
    description: 'The unique client id.',
    minLength: 1,
    maxLength: MAX_MQTT_STRING_BYTES,
    example: 'sensor-1',
  })
  @IsClientId()
  readonly clientid!: string;
}
