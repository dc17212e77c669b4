import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn } from 'class-validator';
import { FlagField } from '../../fields/mqtt-fields.decorator.js';
import { CursorParameter, LimitParameter, PageQuery } from '../../fields/page.query.js';
import { readTime, timeProblem } from '../../fields/time.js';
import { Check, MayBeAbsent } from '../../http/body/check.decorator.js';
import { addressRangeProblem } from '../../mqtt-strings/address-range.js';
import { globProblem } from '../../mqtt-strings/glob.js';
import { ErrorResponse } from '../../openapi/error-response.js';

/** What a ban is about. */
export const BAN_KINDS = ['clientid', 'username', 'address'] as const;
export type BanKind = (typeof BAN_KINDS)[number];

const MAX_REASON_CHARACTERS = 500;
const KIND_PROBLEM = `must be one of ${BAN_KINDS.join(', ')}`;
const WHO =
  'A pattern of client ids or user names (`*` any characters, `?` one, `\\` before a literal one), or an address or network.';

function whoProblem(who: unknown, ban: object): string | undefined {
  if (Array.isArray(who)) return 'must be given only once';
  const isAddress = 'as' in ban && ban.as === 'address';
  return isAddress ? addressRangeProblem(who) : globProblem(who);
}

/** A ban is lifted by a URL, and servers and proxies take URLs of some 8,000 characters. */
const MAX_WHO_IN_URL = 4096;

function newWhoProblem(who: unknown, ban: object): string | undefined {
  const problem = whoProblem(who, ban);
  if (problem !== undefined) return problem;
  return encodeURIComponent(who as string).length > MAX_WHO_IN_URL
    ? `must have at most ${MAX_WHO_IN_URL} characters in a URL, which has to name it to lift the ban: use a pattern`
    : undefined;
}

/** Body of `setBan`. */
export class SetBanDto {
  @ApiProperty({ description: 'What `who` is.', enum: BAN_KINDS, example: 'clientid' })
  @IsIn(BAN_KINDS, { message: KIND_PROBLEM })
  readonly as!: BanKind;

  @ApiProperty({
    description: `${WHO} At most ${MAX_WHO_IN_URL} characters as a URL writes it.`,
    minLength: 1,
    example: 'intruder-*',
  })
  @Check('isWho', newWhoProblem)
  readonly who!: string;

  @ApiPropertyOptional({
    description: 'Until when (RFC 3339); null, the default: until it is removed.',
    type: 'string',
    format: 'date-time',
    nullable: true,
    default: null,
    example: '2036-01-01T00:00:00Z',
  })
  @Transform(({ value }: { readonly value: unknown }) => readTime(value))
  @Check('isFuture', (value) => {
    if (value === null) return undefined;
    return timeProblem(value) ?? ((value as number) > Date.now() ? undefined : 'must be in the future');
  })
  readonly until: number | null = null;

  @ApiPropertyOptional({
    description: 'Why, for those who look at it later.',
    maxLength: MAX_REASON_CHARACTERS,
    example: 'stolen credentials',
  })
  @MayBeAbsent()
  @Check('isReason', (value) =>
    typeof value === 'string' && value.length <= MAX_REASON_CHARACTERS && value.isWellFormed()
      ? undefined
      : `must be a text of at most ${MAX_REASON_CHARACTERS} characters`,
  )
  readonly reason?: string;

  @FlagField('Also disconnect the matching clients that are connected now.', { default: true, example: true })
  readonly disconnect?: boolean;
}

/** Query of `deleteBan`. */
export class BanKeyQuery {
  @ApiProperty({ description: 'What `who` is.', enum: BAN_KINDS, example: 'clientid' })
  @IsIn(BAN_KINDS, { message: KIND_PROBLEM })
  readonly as!: BanKind;

  @ApiProperty({ description: 'As it was set.', minLength: 1, example: 'intruder-*' })
  @Check('isWho', whoProblem)
  readonly who!: string;
}

/** Query of `listBans`. */
export class ListBansQuery extends PageQuery {}

/** What is left of the 16,384 characters of a request's head: room for some hundred brokers that have more. */
const MAX_CURSOR_CHARACTERS = 12_288;

/** Query of `listBansOfProject`. */
export class ListProjectBansQuery {
  @LimitParameter('How many to list at most of each broker.')
  readonly limit: number = 100;

  @CursorParameter(MAX_CURSOR_CHARACTERS)
  readonly cursor?: string;
}

/** A ban, for the OpenAPI document. */
export class BanInfo {
  @ApiProperty({ enum: BAN_KINDS, example: 'clientid' })
  readonly as!: string;

  @ApiProperty({ example: 'intruder-*' })
  readonly who!: string;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, example: '2036-01-01T00:00:00.000Z' })
  readonly until!: string | null;

  @ApiPropertyOptional({ example: 'stolen credentials' })
  readonly reason?: string;

  @ApiPropertyOptional({ description: 'Who set it.', example: 'demo' })
  readonly by?: string;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T12:00:00.000Z' })
  readonly since!: string;
}

/** Answer of `setBan`, for the OpenAPI document. */
export class BanAnswer {
  @ApiProperty({ description: 'The clients that were disconnected, at most 10,000 of them.', type: [String] })
  readonly disconnected!: readonly string[];

  @ApiPropertyOptional({
    description: 'How many they were, if that is more than are named.',
    type: 'integer',
  })
  readonly disconnectedCount?: number;
}

/** What became of a ban on one broker, for the OpenAPI document. */
export class BrokerBanAnswer {
  @ApiProperty({ example: 'embedded' })
  readonly broker!: string;

  @ApiProperty({ description: 'That of a single call.', type: 'integer', example: 200 })
  readonly status!: number;

  @ApiPropertyOptional({ type: [String] })
  readonly disconnected?: readonly string[];

  @ApiPropertyOptional({ description: 'That of a single call.', type: ErrorResponse })
  readonly error?: ErrorResponse;
}

/** Answer of a ban on all brokers of a project, for the OpenAPI document. */
export class BrokersAnswer {
  @ApiProperty({ type: [BrokerBanAnswer] })
  readonly brokers!: readonly BrokerBanAnswer[];
}

/** Answer of `listBans`, for the OpenAPI document. */
export class BansAnswer {
  @ApiProperty({ description: 'Newest first.', type: [BanInfo] })
  readonly bans!: readonly BanInfo[];
}

/** A ban and its broker, for the OpenAPI document. */
export class BrokerBanInfo extends BanInfo {
  @ApiProperty({ example: 'embedded' })
  readonly broker!: string;
}

/** Answer of `listBansOfProject`, for the OpenAPI document. */
export class ProjectBansAnswer {
  @ApiProperty({ description: 'Those of this page, newest first.', type: [BrokerBanInfo] })
  readonly bans!: readonly BrokerBanInfo[];

  @ApiProperty({
    description: 'Brokers whose bans are not in the list.',
    type: 'array',
    // By name: the schema is that of the searches.
    items: { $ref: '#/components/schemas/NotAnsweredBroker' },
    example: [],
  })
  readonly notAnswered!: readonly object[];
}
