import { ApiProperty } from '@nestjs/swagger';
import { CONNECTION_STATES, type ConnectionState } from '../broker-gateway/connection/broker-status.js';

/** Answer of the liveness probe. */
export class Liveness {
  @ApiProperty({ enum: ['live'], example: 'live' })
  readonly status!: 'live';
}

/** A broker that is not connected. */
export class BrokerDown {
  @ApiProperty({ example: 'plant-a' })
  readonly project!: string;

  @ApiProperty({ example: 'line-1' })
  readonly broker!: string;

  @ApiProperty({
    enum: CONNECTION_STATES,
    enumName: 'ConnectionState',
    example: 'disconnected',
  })
  readonly state!: ConnectionState;
}

/** Answer of the readiness probe. */
export class Readiness {
  @ApiProperty({ enum: ['ready'], example: 'ready' })
  readonly status!: 'ready';

  @ApiProperty({ type: [BrokerDown], description: 'The brokers that are not connected.' })
  readonly brokersDown!: BrokerDown[];
}
