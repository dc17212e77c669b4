import { applyDecorators, HttpCode, Put } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Audited } from '../access/audited.decorator.js';
import { AuthorizedOnBroker } from '../auth/authorized.decorator.js';
import type { Operation, OperationSuccess } from './operations/operation.js';

/**
 * The route of an operation, `PUT …/<action>`: audited, for editors only, documented by what the operation says of itself.
 *
 * @example
 * ```ts
 * @OperationRoute(disconnect)
 * disconnect(@Req() request: FastifyRequest, @Body() body: DisconnectClientDto): Promise<object | undefined> {
 *   return this.#service.run(new ControlCall(request), disconnect, body);
 * }
 * ```
 */
export const OperationRoute = <Body extends { readonly clientid: string }>({
  action,
  operationId,
  summary,
  description,
  success,
  errors = [],
  body,
  example,
}: Operation<Body>): MethodDecorator =>
  applyDecorators(
    Audited(action),
    AuthorizedOnBroker(
      'editor',
      'SELF_DISCONNECT',
      'CLIENT_NOT_FOUND',
      'CLIENT_NOT_CONNECTED',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      ...errors,
    ),
    Put(action),
    HttpCode(success.status),
    ApiOperation({ operationId, summary, ...(description !== undefined && { description }) }),
    documented(success),
    ...(example === undefined
      ? []
      : [ApiBody({ type: body, examples: { plain: { summary, value: example } } })]),
  );

function documented({ status, description, body, headers = {} }: OperationSuccess): MethodDecorator {
  const documentedHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, { description: what, example }]) => [
      name,
      { description: what, schema: { type: 'string' as const }, example },
    ]),
  );
  if (status === 204) return ApiNoContentResponse({ description, headers: documentedHeaders });
  return body === undefined
    ? ApiOkResponse({ description, schema: { type: 'object', example: {} } })
    : ApiOkResponse({ description, type: body });
}
