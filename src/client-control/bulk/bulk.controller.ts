import { applyDecorators, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { Audited } from '../../access/audited.decorator.js';
import { AuthorizedOnBroker } from '../../auth/authorized.decorator.js';
import { NDJSON } from '../../http/body/ndjson.js';
import { ApiTarget } from '../../openapi/api-target.decorator.js';
import { Bulk, type BulkCall } from './bulk-call.js';
import { BulkAnswer, DryRunAnswer, LIST_SCHEMA, SELECTION_SCHEMA, EXAMPLES } from './bulk.dto.js';
import { BulkService } from './bulk.service.js';

/** What both routes have in common: audited, for editors, documented. */
const BulkRoute = (
  operationId: string,
  summary: string,
  description: string,
  examples: (typeof EXAMPLES)['onBroker' | 'onProject'],
): MethodDecorator =>
  applyDecorators(
    Audited('bulk'),
    AuthorizedOnBroker(
      'editor',
      'SELECTION_CHANGED',
      'SELECTION_INCOMPLETE',
      'IDEMPOTENCY_KEY_IN_USE',
      'IDEMPOTENCY_KEY_REUSED',
      'IDEMPOTENCY_STORE_UNAVAILABLE',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
    ),
    HttpCode(HttpStatus.OK),
    ApiOperation({ operationId, summary, description }),
    ApiExtraModels(BulkAnswer, DryRunAnswer),
    ApiHeader({
      name: 'Idempotency-Key',
      description:
        'The same key of the same caller within 24 hours gets the stored answer again, without anything being done. 8 to 128 visible ASCII characters. Not with bodies of lines.',
      required: false,
      schema: { type: 'string', minLength: 8, maxLength: 128 },
    }),
    ApiQuery({
      name: 'perSecond',
      description: 'Operations a second. For bodies of lines; else in the body.',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 100_000 },
    }),
    ApiQuery({
      name: 'reason',
      description: 'Why, for the audit trail. For bodies of lines; else in the body.',
      required: false,
      schema: { type: 'string', minLength: 1, maxLength: 500 },
    }),
    ApiBody({
      description:
        'A list of operations (at most 10,000), or a selection and what to do to each client. As `application/x-ndjson`: one operation per line, read as it arrives.',
      required: true,
      schema: { oneOf: [LIST_SCHEMA, SELECTION_SCHEMA] },
      examples: { ...examples },
    }),
    ApiOkResponse({
      description:
        'The call was carried out; each item says how it ended. Of a dry run: whom it would concern. As `application/x-ndjson`: one line per item as it ends, and last a line `{"summary":{…}}`; without it the answer was cut off.',
      headers: {
        'Idempotency-Replayed': {
          description:
            '`true` when this is the stored answer of the call that had the `Idempotency-Key` before.',
          schema: { type: 'string' },
          example: 'true',
        },
      },
      content: {
        'application/json': {
          schema: { oneOf: [{ $ref: getSchemaPath(BulkAnswer) }, { $ref: getSchemaPath(DryRunAnswer) }] },
        },
        [NDJSON]: { schema: { type: 'string' } },
      },
    }),
  );

/** Operations on many clients with one call. */
@ApiTags('Many clients')
@Controller('projects/:projectId')
export class BulkController {
  readonly #service: BulkService;

  constructor(service: BulkService) {
    this.#service = service;
  }

  @Post('brokers/:brokerId/client-control/bulk')
  @ApiTarget('project', 'broker')
  @BulkRoute(
    'bulkOnBroker',
    'Carry out operations on many clients of a broker',
    'Each item ends as a call of its own would, with a record of its own in the audit trail. When the caller goes away, what was not sent is never sent.',
    EXAMPLES.onBroker,
  )
  onBroker(@Bulk() call: BulkCall): Promise<object> {
    return this.#service.run(call);
  }

  @Post('client-control/bulk')
  @ApiTarget('project')
  @BulkRoute(
    'bulkOnProject',
    'Carry out operations on many clients of all brokers of a project',
    'Items name their `broker`; `"*"` means wherever in the project the client is. A selection is looked for on all brokers that the caller may control.',
    EXAMPLES.onProject,
  )
  onProject(@Bulk() call: BulkCall): Promise<object> {
    return this.#service.run(call);
  }
}
