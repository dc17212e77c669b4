import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../access/role.js';
import { EXTENSION_FEATURES, type ExtensionFeature } from '../broker-gateway/protocol/extension.js';
import {
  CONNECTION_STATES,
  FEATURE_STATES,
  type ConnectionState,
  type FeatureState,
} from '../broker-gateway/connection/broker-status.js';

/** One of a caller's grants. */
export class GrantInfo {
  @ApiProperty({ description: 'The project; `*`: every project.', example: '*' })
  readonly project!: string;

  @ApiProperty({ enum: ROLES, enumName: 'Role', example: 'editor' })
  readonly role!: Role;

  @ApiProperty({
    description: 'Only these brokers of it; absent: all.',
    type: [String],
    required: false,
    example: ['line-1'],
  })
  readonly brokers?: readonly string[] | undefined;
}

/** Who makes the request, and what the grants are. */
export class CallerInfo {
  @ApiProperty({ description: "The token's name, or the JWT's subject.", example: 'ops' })
  readonly name!: string;

  @ApiProperty({ enum: ['token', 'jwt'], example: 'token' })
  readonly kind!: 'token' | 'jwt';

  @ApiProperty({ type: [GrantInfo] })
  readonly grants!: readonly GrantInfo[];
}

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

  @ApiProperty({
    ...FEATURE,
    description:
      'Whether a client that is subscribed through this API gets retained messages, as `send_retain` says. On Mosquitto only with ' +
      "`retained: deliver` in the broker's configuration and the plugin's option `deliver_retained`; otherwise `unavailable`.",
    example: 'unavailable',
  })
  readonly retained!: FeatureState;
}

/** What is known of a control API, with how and since when. */
export class FeatureDetail {
  @ApiProperty({ ...FEATURE, example: 'available' })
  readonly state!: FeatureState;

  @ApiProperty({
    description: 'When that was found, epoch milliseconds.',
    type: 'integer',
    example: 1795435200000,
  })
  readonly since!: number;

  @ApiProperty({ description: 'What it means and what to look at.', example: 'the broker answers' })
  readonly words!: string;
}

/** The {@link FeatureDetail} of each control API. */
export class BrokerFeatureDetails {
  @ApiProperty({ type: FeatureDetail })
  readonly clientControl!: FeatureDetail;

  @ApiProperty({ type: FeatureDetail })
  readonly clientInspect!: FeatureDetail;

  @ApiProperty({ type: FeatureDetail })
  readonly extension!: FeatureDetail;

  @ApiProperty({ type: FeatureDetail })
  readonly retained!: FeatureDetail;
}

/** What a broker with this project's own endpoint (the companion plugin, the embedded broker) says of it. */
export class ExtensionDescription {
  @ApiProperty({ description: 'Version of the companion plugin, or `embedded`.', example: '1.0.0' })
  readonly plugin!: string;

  @ApiProperty({ description: 'Which broker it is.', example: 'mosquitto 2.1.2' })
  readonly broker!: string;

  @ApiProperty({
    description: 'What it can do there; of anything else it is 501 `NOT_SUPPORTED_BY_BROKER`.',
    type: 'object',
    properties: Object.fromEntries(EXTENSION_FEATURES.map((name) => [name, { type: 'boolean' }])),
    selfRequired: true,
    required: [...EXTENSION_FEATURES],
    example: Object.fromEntries(EXTENSION_FEATURES.map((name) => [name, true])),
  })
  readonly features!: Readonly<Record<ExtensionFeature, boolean>>;

  @ApiProperty({ description: 'What its operator should know.', type: [String], example: [] })
  readonly warnings!: readonly string[];
}

/** A changed configuration of a broker that has not taken effect; the one before stays in use. */
export class PendingChangeInfo {
  @ApiProperty({
    description: 'When the configuration changed, epoch milliseconds.',
    type: 'integer',
    example: 1795435200000,
  })
  readonly since!: number;

  @ApiProperty({
    description: 'Why its connection does not come up.',
    type: 'string',
    nullable: true,
    example:
      'the broker refused the login, reason 0x86 (bad user name or password; look at username and password)',
  })
  readonly lastError!: string | null;
}

/** A broker and the state of the service's connection to it. */
export class BrokerInfo {
  @ApiProperty({ example: 'embedded' })
  readonly id!: string;

  @ApiProperty({ example: 'Embedded broker' })
  readonly name!: string;

  @ApiProperty({
    description: 'Never holds credentials: no user, and no query.',
    example: 'mqtt://127.0.0.1:1883',
  })
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
    description: 'Since when commands can be sent, epoch milliseconds; null while they cannot.',
    type: 'integer',
    nullable: true,
    example: 1795435200000,
  })
  readonly connectedSince!: number | null;

  @ApiProperty({
    description:
      "When the broker's certificate ends, epoch milliseconds, as it was at the latest login; null without TLS.",
    type: 'integer',
    nullable: true,
    example: null,
  })
  readonly certificateExpiresAt!: number | null;

  @ApiProperty({
    description: 'Why the connection was lost or refused.',
    type: 'string',
    nullable: true,
    example: null,
  })
  readonly lastError!: string | null;

  @ApiProperty({ type: BrokerFeatures })
  readonly features!: BrokerFeatures;

  @ApiProperty({ type: BrokerFeatureDetails })
  readonly featureDetails!: BrokerFeatureDetails;

  @ApiProperty({
    type: PendingChangeInfo,
    nullable: true,
    description: 'A changed configuration that cannot take effect, because its connection does not come up.',
    example: null,
  })
  readonly pendingChange!: PendingChangeInfo | null;

  @ApiProperty({
    type: ExtensionDescription,
    nullable: true,
    description: 'What it can do beyond the Pro API; null while nothing says that it can.',
    example: null,
  })
  readonly extension!: ExtensionDescription | null;

  @ApiProperty({ description: 'Commands that wait for its answer now.', type: 'integer', example: 0 })
  readonly commandsPending!: number;

  @ApiProperty({
    description: 'Commands that this process has sent it since it began; only grows.',
    type: 'integer',
    example: 1200,
  })
  readonly commandsSent!: number;
}
