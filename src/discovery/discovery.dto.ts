import { ApiProperty } from '@nestjs/swagger';
import {
  CONNECTION_STATES,
  FEATURE_STATES,
  type ConnectionState,
  type FeatureState,
} from '../broker-gateway/connection/broker-status.js';

/** A project, as the caller sees it. */
export class ProjectInfo {
  @ApiProperty({ example: 'demo' })
  readonly id!: string;

  @ApiProperty({ example: 'Demo' })
  readonly name!: string;
}

const FEATURE = { enum: FEATURE_STATES, enumName: 'FeatureState' };

/** Which control APIs a broker answers, as far as it is known since the last connect. */
export class BrokerFeatures {
  @ApiProperty({ ...FEATURE, example: 'available' })
  readonly clientControl!: FeatureState;

  @ApiProperty({ ...FEATURE, example: 'unknown' })
  readonly clientInspect!: FeatureState;

  @ApiProperty({
    ...FEATURE,
    description: "This project's own endpoint: the companion plugin or the embedded broker.",
    example: 'unavailable',
  })
  readonly extension!: FeatureState;
}

/** A broker and the state of the service's connection to it. */
export class BrokerInfo {
  @ApiProperty({ example: 'embedded' })
  readonly id!: string;

  @ApiProperty({ example: 'Embedded broker' })
  readonly name!: string;

  @ApiProperty({ description: 'Never holds credentials.', example: 'mqtt://127.0.0.1:1883' })
  readonly url!: string;

  @ApiProperty({ description: 'Whether commands can be sent now.', example: true })
  readonly connected!: boolean;

  @ApiProperty({
    enum: CONNECTION_STATES,
    enumName: 'ConnectionState',
    example: 'connected',
  })
  readonly state!: ConnectionState;

  @ApiProperty({
    description: 'When the state began, epoch milliseconds.',
    type: 'integer',
    example: 1795435200000,
  })
  readonly since!: number;

  @ApiProperty({
    description: 'Why the connection was lost or refused.',
    type: 'string',
    nullable: true,
    example: null,
  })
  readonly lastError!: string | null;

  @ApiProperty({ type: BrokerFeatures })
  readonly features!: BrokerFeatures;
}
