import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsObject, ValidateNested } from 'class-validator';
import { Check, MayBeAbsent } from '../http/body/check.decorator.js';
import { isSharedSubscription } from '../mqtt-strings/topic-filter.js';
import { FlagField } from './mqtt-fields.decorator.js';

const SEND_RETAIN = ['always', 'new', 'never', 'null', null] as const;

/** Options of a subscription; what is absent stays at the broker's default. */
export class SubscriptionOptionsDto {
  @FlagField('Do not send the client its own messages.', { example: false })
  readonly no_local?: boolean;

  @FlagField('Keep the retain flag of forwarded messages as published.', { example: true })
  readonly retain_as_published?: boolean;

  @ApiPropertyOptional({
    description:
      'When to send retained messages: `always`, only if the subscription is `new`, or `never`. `null` and `"null"` mean not set.',
    type: 'string',
    nullable: true,
    enum: SEND_RETAIN,
    example: 'always',
  })
  @MayBeAbsent()
  @IsIn(SEND_RETAIN, { message: 'must be "always", "new", "never", "null" or null' })
  readonly send_retain?: (typeof SEND_RETAIN)[number];
}

/** `options` of a control command. */
export interface CommandOptions {
  readonly no_local?: boolean | undefined;
  readonly retain_as_published?: boolean | undefined;
  readonly send_retain?: 'always' | 'new' | 'never' | undefined;
}

/** The options as a control command carries them: JSON leaves out what is undefined; both spellings of null mean "not set". */
export function toCommandOptions(options: SubscriptionOptionsDto): CommandOptions {
  const { no_local, retain_as_published, send_retain } = options;
  const isSet = send_retain !== null && send_retain !== 'null';
  return { no_local, retain_as_published, send_retain: isSet ? send_retain : undefined };
}

/** Subscription options beside a `topic`: `no_local` on a shared subscription is a protocol error. Source: MQTT 5 section 3.8.3.1. */
export const SubscriptionOptionsField = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ description: 'Subscription options.', type: SubscriptionOptionsDto }),
    MayBeAbsent(),
    IsObject({ message: 'must be an object' }),
    Check('fitsTopic', noLocalProblem),
    ValidateNested({ message: 'must be an object' }),
    Type(() => SubscriptionOptionsDto),
  );

function noLocalProblem(options: unknown, dto: object): string | undefined {
  const { topic } = dto as { readonly topic?: unknown };
  const isShared = typeof topic === 'string' && isSharedSubscription(topic);
  const noLocal =
    typeof options === 'object' && options !== null && 'no_local' in options && options.no_local === true;
  return isShared && noLocal
    ? 'must not have no_local: true together with a shared subscription ($share/…)'
    : undefined;
}
