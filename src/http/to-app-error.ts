import { HttpException } from '@nestjs/common';
import { GatewayError } from '../broker-gateway/gateway-error.js';
import { AppError } from '../errors/app-error.js';
import { invalid } from '../errors/issue.js';

/** Turns whatever was thrown, in whatever layer, into an error of the contract. What it does not know becomes `INTERNAL_ERROR` without details. */
export function toAppError(error: unknown, requestId: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof GatewayError) return fromGateway(error);
  const status = statusOf(error);
  if (status === 400) return invalid([{ path: '', message: 'the request is not well-formed' }]);
  // 403 is the static file server's word for a path that leads out of its folder; the guards throw their own errors.
  if (status === 403 || status === 404)
    return new AppError('ROUTE_NOT_FOUND', 'There is nothing at this path');
  if (status === 413) return new AppError('PAYLOAD_TOO_LARGE', 'The body is too large');
  if (status === 414) return invalid([{ path: '', message: 'the path is too long' }]);
  if (status === 415) return new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json');
  return new AppError(
    'INTERNAL_ERROR',
    'Something went wrong; the log has the details',
    { requestId },
    {},
    { cause: error },
  );
}

function fromGateway({ code, message, info, retryAfterMs, cause }: GatewayError): AppError {
  const headers = retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) };
  return new AppError(code, message, info, headers, cause === undefined ? undefined : { cause });
}

/** Nest's exceptions and the `FST_*` errors of Fastify and its plugins carry the status they mean. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const isFastifyError = error instanceof Error && 'code' in error && String(error.code).startsWith('FST_');
  return isFastifyError && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}
