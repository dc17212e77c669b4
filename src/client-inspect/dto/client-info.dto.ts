import { ApiExtraModels, ApiProperty, ApiPropertyOptional, ApiSchema, getSchemaPath } from '@nestjs/swagger';

const FREE_FORM = { type: 'object', additionalProperties: true } as const;

/** Where a broker takes connections, for the OpenAPI document. */
export class ListenerInfo {
  @ApiPropertyOptional({ type: 'integer', example: 1883 })
  readonly port?: number;

  @ApiPropertyOptional({ example: '127.0.0.1' })
  readonly bind_address?: string;
}

/** A subscription of a client, for the OpenAPI document. */
export class SubscriptionInfo {
  @ApiProperty({ example: 'devices/sensor-1/commands' })
  readonly topic!: string;

  @ApiProperty({ type: 'integer', enum: [0, 1, 2], example: 1 })
  readonly qos!: number;

  @ApiPropertyOptional({
    type: 'object',
    properties: {
      no_local: { type: 'boolean' },
      retain_as_published: { type: 'boolean' },
      retain_handling: { type: 'integer', enum: [0, 1, 2] },
    },
  })
  readonly options?: object;

  @ApiPropertyOptional({ description: 'Subscription Identifier of MQTT 5.', type: 'integer', example: 7 })
  readonly identifier?: number;

  @ApiProperty({
    description: 'Who made it: the client itself, a call of this API, or a standing subscription.',
    enum: ['client', 'control', 'standing'],
    example: 'client',
  })
  readonly by!: string;
}

/** A client as its broker describes it, for the OpenAPI document. Source: the inspect API of Pro Mosquitto. */
@ApiExtraModels(SubscriptionInfo)
@ApiSchema({ description: 'A client. Brokers may leave out any other field than its id, and add others.' })
export class ClientInfo {
  @ApiProperty({ example: 'sensor-1' })
  readonly clientid!: string;

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
    type: ListenerInfo,
  })
  readonly listener?: ListenerInfo;

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

  @ApiPropertyOptional({
    description:
      'Of a Pro broker: topic filters. Where the broker can tell more: each with its options and who made it.',
    oneOf: [
      { type: 'array', items: { $ref: getSchemaPath(SubscriptionInfo) } },
      { type: 'array', items: { type: 'string' } },
    ],
    example: [{ topic: 'devices/sensor-1/commands', qos: 1, by: 'client' }],
  })
  readonly subscriptions?: readonly SubscriptionInfo[] | readonly string[];

  @ApiPropertyOptional({
    description:
      '`all`: these are all subscriptions; `since-load`: those made since the plugin was loaded. Only where the broker can tell.',
    enum: ['all', 'since-load'],
    example: 'all',
  })
  readonly subscriptionsKnown?: string;

  @ApiPropertyOptional({
    description: '`true`: a connection that may itself command the broker.',
    example: true,
  })
  readonly control?: boolean;

  @ApiPropertyOptional({ ...FREE_FORM, example: { topic: 'sensors/sensor-1/state', qos: 1, retain: true } })
  readonly will?: object;

  @ApiPropertyOptional({ ...FREE_FORM, example: { version: 'TLSv1.3' } })
  readonly tls?: object;

  @ApiPropertyOptional({ ...FREE_FORM, example: {} })
  readonly queues?: object;

  @ApiPropertyOptional({ ...FREE_FORM, example: {} })
  readonly inflight?: object;
}
