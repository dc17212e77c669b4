import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

const FREE_FORM = { type: 'object', additionalProperties: true } as const;

/** A client as its broker describes it, for the OpenAPI document. Source: the inspect API of Pro Mosquitto. */
@ApiSchema({ description: 'A client. Brokers may leave out any field and add others.' })
export class ClientInfo {
  @ApiPropertyOptional({ example: 'sensor-1' })
  readonly clientid?: string;

  @ApiPropertyOptional({ description: '`<anonymous>` if there is none.', example: '<anonymous>' })
  readonly username?: string;

  @ApiPropertyOptional({ example: '127.0.0.1' })
  readonly address?: string;

  @ApiPropertyOptional({ description: '`MQTT`, `MQTT-SN` or `MQTT-WS`.', example: 'MQTT' })
  readonly protocol?: string;

  @ApiPropertyOptional({ description: '`v3.1`, `v3.1.1` or `v5`.', example: 'v3.1.1' })
  readonly protocolVersion?: string;

  @ApiPropertyOptional({ example: true })
  readonly connected?: boolean;

  @ApiPropertyOptional({
    description: 'Epoch milliseconds.',
    type: 'integer',
    nullable: true,
    example: 1795435200000,
  })
  readonly lastConnect?: number | null;

  @ApiPropertyOptional({
    description: 'Epoch milliseconds.',
    type: 'integer',
    nullable: true,
    example: null,
  })
  readonly lastDisconnect?: number | null;

  @ApiPropertyOptional({ description: 'Seconds.', type: 'integer', example: 60 })
  readonly keepalive?: number;

  @ApiPropertyOptional({ example: true })
  readonly cleanSession?: boolean;

  @ApiPropertyOptional({
    description: 'Where the broker took the connection.',
    ...FREE_FORM,
    example: { port: 1883, bind_address: '127.0.0.1' },
  })
  readonly listener?: object;

  @ApiPropertyOptional({ type: 'integer', example: 1 })
  readonly numSubscriptions?: number;

  @ApiPropertyOptional({ type: 'integer', example: 0 })
  readonly numPublished?: number;

  @ApiPropertyOptional({ type: 'integer', example: 0 })
  readonly numSubscribed?: number;

  @ApiPropertyOptional({ type: 'integer', example: 0 })
  readonly numDropped?: number;

  @ApiPropertyOptional({ type: 'integer', example: 0 })
  readonly bytesPublished?: number;

  @ApiPropertyOptional({ type: 'integer', example: 0 })
  readonly bytesSubscribed?: number;

  @ApiPropertyOptional({ description: 'Topic filters.', type: [String], example: ['firmware/updates'] })
  readonly subscriptions?: string[];

  @ApiPropertyOptional({ ...FREE_FORM, example: { topic: 'sensors/sensor-1/state', qos: 1, retain: true } })
  readonly will?: object;

  @ApiPropertyOptional({ ...FREE_FORM, example: { version: 'TLSv1.3' } })
  readonly tls?: object;

  @ApiPropertyOptional({ ...FREE_FORM, example: {} })
  readonly queues?: object;

  @ApiPropertyOptional({ ...FREE_FORM, example: {} })
  readonly inflight?: object;
}
