import { ApiProperty } from '@nestjs/swagger';
import { Check } from '../../http/body/check.decorator.js';
import { MAX_MQTT_STRING_BYTES, mqttStringProblem } from '../../mqtt-strings/mqtt-string.js';

/** Query of `getClient`. */
export class GetClientQuery {
  @ApiProperty({
    description: 'The unique client id.',
    minLength: 1,
    maxLength: MAX_MQTT_STRING_BYTES,
    example: 'sensor-1',
  })
  @Check('isClientId', (value) =>
    Array.isArray(value) ? 'must be given only once' : mqttStringProblem(value),
  )
  readonly clientid!: string;
}
