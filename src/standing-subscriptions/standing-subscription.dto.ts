import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, ValidateNested } from 'class-validator';
import { QosField, type Qos } from '../fields/mqtt-fields.decorator.js';
import { PageQuery } from '../fields/page.query.js';
import { SubscriptionOptionsDto, SubscriptionOptionsField } from '../fields/subscription-options.dto.js';
import { Check, MayBeAbsent } from '../http/body/check.decorator.js';
import { QueryBoolean } from '../http/body/query-parameter.decorator.js';
import { globProblem } from '../mqtt-strings/glob.js';
import { CLIENT_ID_PLACEHOLDER } from '../mqtt-strings/topic-template.js';
import { topicFilterProblem } from '../mqtt-strings/topic-filter.js';

const GLOB = '`*` any characters, `?` one, `\\` before a literal one';

/** Which clients have a standing subscription; what is given must all hold. */
export class StandingSelectDto {
  @ApiPropertyOptional({ description: `Pattern of client ids: ${GLOB}.`, minLength: 1, example: 'sensor-*' })
  @MayBeAbsent()
  @Check('isGlob', globProblem)
  readonly clientid?: string;

  @ApiPropertyOptional({
    description: `Pattern of user names: ${GLOB}; \`<anonymous>\` for clients without one.`,
    minLength: 1,
    example: '*',
  })
  @MayBeAbsent()
  @Check('isGlob', globProblem)
  readonly username?: string;
}

/** Body of `setStandingSubscription`. */
export class StandingSubscriptionDto {
  @ApiProperty({ description: 'Which clients have it; one field at least.', type: StandingSelectDto })
  @IsObject({ message: 'must be an object' })
  @Check('isNotEmpty', (select) =>
    typeof select === 'object' &&
    select !== null &&
    Object.values(select).some((value) => value !== undefined)
      ? undefined
      : 'must have clientid or username',
  )
  @ValidateNested({ message: 'must be an object' })
  @Type(() => StandingSelectDto)
  readonly select!: StandingSelectDto;

  @ApiProperty({
    description:
      'The topic filter; `${clientid}` stands for the id of each client, and passes by clients whose id holds `+`, `#` or `/`. What begins with `$`, `${clientid}` included, is for admins.',
    minLength: 1,
    example: 'cmd/${clientid}',
  })
  @Check('isTopicTemplate', (value) =>
    topicFilterProblem(typeof value === 'string' ? value.replaceAll(CLIENT_ID_PLACEHOLDER, 'x') : value),
  )
  readonly topic!: string;

  @QosField()
  readonly qos: Qos = 0;

  @SubscriptionOptionsField()
  readonly options?: SubscriptionOptionsDto;
}

/** Query of `listStandingSubscriptions`. */
export class ListStandingSubscriptionsQuery extends PageQuery {}

/** Query of `deleteStandingSubscription`. */
export class DeleteStandingSubscriptionQuery {
  @ApiPropertyOptional({
    description: 'Also take it away from the clients that have it.',
    type: 'boolean',
    default: false,
    example: true,
  })
  @QueryBoolean()
  readonly unsubscribe: boolean = false;
}

/** What setting one did, for the OpenAPI document. */
export class StandingSubscriptionAnswer {
  @ApiProperty({ description: 'Clients that have it now.', type: 'integer', example: 3 })
  readonly clients!: number;

  @ApiProperty({
    description: 'Clients that were passed by, for what their ids hold.',
    type: 'integer',
    example: 0,
  })
  readonly skipped!: number;

  @ApiProperty({ description: 'Whether there was one of this name.', example: false })
  readonly replaced!: boolean;
}

/** A standing subscription, for the OpenAPI document. */
export class StandingSubscriptionInfo {
  @ApiProperty({ example: 'commands' })
  readonly name!: string;

  @ApiProperty({ type: StandingSelectDto })
  readonly select!: StandingSelectDto;

  @ApiProperty({ example: 'cmd/${clientid}' })
  readonly topic!: string;

  @ApiProperty({ type: 'integer', enum: [0, 1, 2], example: 1 })
  readonly qos!: number;

  @ApiPropertyOptional({ type: SubscriptionOptionsDto })
  readonly options?: SubscriptionOptionsDto;

  @ApiPropertyOptional({ description: 'Who set it.', example: 'demo' })
  readonly by?: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T12:00:00.000Z' })
  readonly since!: string;

  @ApiProperty({ description: 'Clients that have it.', type: 'integer', example: 3 })
  readonly clients!: number;
}

/** Answer of `listStandingSubscriptions`, for the OpenAPI document. */
export class StandingSubscriptionsAnswer {
  @ApiProperty({ description: 'By name.', type: [StandingSubscriptionInfo] })
  readonly standingSubscriptions!: readonly StandingSubscriptionInfo[];
}
