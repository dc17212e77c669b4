import { ApiProperty, ApiPropertyOptional, type OpenAPIObject } from '@nestjs/swagger';
import { CONTROL_ACTIONS } from '../../access/actions.js';
import { PROTOCOL_VERSIONS } from '../../mqtt-strings/client-filter.js';
import { ErrorResponse } from '../../openapi/error-response.js';
import { MAX_LISTED, MAX_PER_SECOND, MAX_REASON_CHARACTERS } from './bulk-envelope.js';

/** Nest exports the type under this name only. */
type SchemaObject = Exclude<
  NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string],
  { $ref: string }
>;

const COMMON: Record<string, SchemaObject> = {
  perSecond: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_PER_SECOND,
    description: 'Operations a second; as fast as the broker answers without.',
  },
  reason: {
    type: 'string',
    minLength: 1,
    maxLength: MAX_REASON_CHARACTERS,
    description: 'Why: goes into every record of the audit trail.',
  },
};

const ACTION_NAME: SchemaObject = { type: 'string', enum: [...CONTROL_ACTIONS] };

const ACTION: SchemaObject = {
  type: 'object',
  required: ['action'],
  description: 'An action with the fields of its single call.',
  properties: { action: ACTION_NAME },
  additionalProperties: true,
};

const TIME: SchemaObject = {
  oneOf: [{ type: 'string', format: 'date-time' }, { type: 'integer' }],
  description: 'RFC 3339 or epoch milliseconds.',
};

/** A list of operations. */
export const LIST_SCHEMA: SchemaObject = {
  type: 'object',
  required: ['operations'],
  properties: {
    operations: {
      type: 'array',
      maxItems: MAX_LISTED,
      description: 'A malformed one fails alone.',
      items: {
        ...ACTION,
        required: ['action', 'clientid'],
        properties: {
          action: ACTION_NAME,
          clientid: { type: 'string', minLength: 1 },
          broker: {
            type: 'string',
            description: 'Over a project only: the broker, or `*` for wherever the client is.',
          },
        },
      },
    },
    ...COMMON,
  },
};

/** A selection, and what to do to each client. */
export const SELECTION_SCHEMA: SchemaObject = {
  type: 'object',
  required: ['select', 'actions'],
  properties: {
    select: {
      type: 'object',
      minProperties: 1,
      description: 'Which clients; several fields must all hold.',
      properties: {
        clientid: { type: 'string', minLength: 1 },
        username: { type: 'string', minLength: 1 },
        address: { type: 'string' },
        connected: { type: 'boolean' },
        protocolVersion: { type: 'string', enum: [...PROTOCOL_VERSIONS] },
        connectedBefore: TIME,
        connectedAfter: TIME,
      },
      additionalProperties: false,
    },
    actions: {
      type: 'array',
      minItems: 1,
      maxItems: 10,
      description:
        'What to do to each, the next only after the one before succeeded. A `topic` may hold `${clientid}`.',
      items: ACTION,
    },
    dryRun: { type: 'boolean', default: false, description: 'Only tell whom it would concern.' },
    expectCount: {
      type: 'integer',
      minimum: 0,
      description:
        'Do it only if so many clients are selected. Needed, or `selection`, where `select` may mean everybody.',
    },
    selection: { type: 'string', description: 'Do it only if the clients are those of this dry run.' },
    partial: {
      type: 'boolean',
      default: false,
      description: 'Do it even if not all brokers told which of their clients match.',
    },
    ...COMMON,
  },
};

/** A list as an example: over a project, its items name their brokers. */
function listExample(where: { readonly broker?: string }): object {
  return {
    summary: 'Operations on single clients',
    value: {
      operations: [
        { action: 'disconnect', clientid: 'sensor-1', ...where },
        { action: 'subscribe', clientid: 'sensor-2', ...where, topic: 'firmware/updates', qos: 1 },
      ],
      reason: 'trying it out',
    },
  };
}

const SELECTION_EXAMPLES = {
  dryRun: {
    summary: 'Whom would it concern?',
    value: {
      select: { clientid: 'sensor-*', connected: true },
      actions: [{ action: 'disconnect' }],
      dryRun: true,
    },
  },
  selection: {
    summary: 'The same to each client that matches',
    value: {
      select: { clientid: 'sensor-*' },
      actions: [
        { action: 'subscribe', topic: 'new/${clientid}', qos: 1 },
        { action: 'unsubscribe', topic: 'old/${clientid}' },
      ],
      perSecond: 100,
      reason: 'moving to new topics',
    },
  },
} as const;

/** Run as they are on the default setup. */
export const EXAMPLES = {
  onBroker: { list: listExample({}), ...SELECTION_EXAMPLES },
  onProject: { list: listExample({ broker: 'embedded' }), ...SELECTION_EXAMPLES },
} as const;

/** How many items ended how, for the OpenAPI document. */
export class BulkSummary {
  @ApiProperty({ type: 'integer', example: 2 })
  readonly total!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly done!: number;

  @ApiProperty({ type: 'integer', example: 1 })
  readonly failed!: number;

  @ApiProperty({ description: 'Never sent, and never will be.', type: 'integer', example: 0 })
  readonly notSent!: number;

  @ApiProperty({ description: 'Sent, but not answered: may have been done.', type: 'integer', example: 0 })
  readonly unknown!: number;
}

/** How an item ended, for the OpenAPI document. */
export class BulkItemAnswer {
  @ApiProperty({ description: 'Its place in the call, from 0.', type: 'integer', example: 0 })
  readonly index!: number;

  @ApiPropertyOptional({
    description: 'Absent if the item cannot be read, like the next two.',
    example: 'embedded',
  })
  readonly broker?: string;

  @ApiPropertyOptional({ example: 'sensor-1' })
  readonly clientid?: string;

  @ApiPropertyOptional({ example: 'disconnect' })
  readonly action?: string;

  @ApiProperty({ enum: ['done', 'failed', 'not-sent', 'unknown'], example: 'done' })
  readonly outcome!: string;

  @ApiProperty({ description: 'That of a single call.', type: 'integer', example: 200 })
  readonly status!: number;

  @ApiPropertyOptional({ description: 'That of a single call.', type: ErrorResponse })
  readonly error?: ErrorResponse;

  @ApiPropertyOptional({ description: '`true`: the client was not subscribed to what was unsubscribed.' })
  readonly absent?: boolean;

  @ApiPropertyOptional({
    description: 'With `broker: "*"`: brokers that did not say whether the client is there.',
    type: [String],
    example: ['line-2'],
  })
  readonly notAnswered?: readonly string[];
}

/** Answer of a call for many, for the OpenAPI document. */
export class BulkAnswer {
  @ApiProperty({ type: BulkSummary })
  readonly summary!: BulkSummary;

  @ApiProperty({
    description: 'In the order of the call; as lines in the order of their ends.',
    type: [BulkItemAnswer],
  })
  readonly items!: readonly BulkItemAnswer[];
}

/** A selected client, for the OpenAPI document. */
export class SelectedClient {
  @ApiProperty({ example: 'embedded' })
  readonly broker!: string;

  @ApiProperty({ example: 'sensor-1' })
  readonly clientid!: string;
}

/** Answer of a dry run, for the OpenAPI document. */
export class DryRunAnswer {
  @ApiProperty({ type: 'integer', example: 1 })
  readonly count!: number;

  @ApiProperty({ description: 'The first 1,000.', type: [SelectedClient] })
  readonly clients!: readonly SelectedClient[];

  @ApiProperty({
    description: 'Names these clients: give it to the real call.',
    example: 'f6d3a9c0b1e24d5788a0c3e2b4f61d90',
  })
  readonly selection!: string;

  @ApiProperty({
    description: 'Brokers that did not tell.',
    type: 'array',
    // By name: the schema is that of the searches.
    items: { $ref: '#/components/schemas/NotAnsweredBroker' },
    example: [],
  })
  readonly notAnswered!: readonly object[];
}
