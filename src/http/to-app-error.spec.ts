import { describe, expect, it } from '@jest/globals';
import { HttpException, NotFoundException } from '@nestjs/common';
import { GatewayError } from '../broker-gateway/gateway-error.js';
import { AppError } from '../errors/app-error.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { toAppError } from './to-app-error.js';

class FastifyError extends Error {
  constructor(
    readonly code: string,
    readonly statusCode: number,
  ) {
    super('the secret inside');
  }
}

describe('toAppError', () => {
  it('leaves an AppError as it is', () => {
    const error = new AppError('CLIENT_NOT_FOUND', 'gone');
    expect(toAppError(error, 'r')).toBe(error);
  });

  it('keeps code, message and facts of a GatewayError, with Retry-After in whole seconds', () => {
    const error = toAppError(
      new GatewayError('BROKER_UNAVAILABLE', 'no', { outcome: 'not-sent' }, 1200),
      'r',
    );
    expect(error.toBody()).toEqual({
      message: 'no',
      code: 'BROKER_UNAVAILABLE',
      status: 503,
      info: { outcome: 'not-sent' },
    });
    expect(error.headers).toEqual({ 'Retry-After': '2' });
  });

  it('sends no Retry-After when it is not known when to try again', () => {
    expect(toAppError(new GatewayError('BROKER_TIMEOUT', 'no'), 'r').headers).toEqual({});
  });

  it.each<[number, ErrorCode]>([
    [400, 'INVALID'],
    [403, 'ROUTE_NOT_FOUND'],
    [404, 'ROUTE_NOT_FOUND'],
    [413, 'PAYLOAD_TOO_LARGE'],
    [414, 'INVALID'],
    [415, 'UNSUPPORTED_MEDIA_TYPE'],
    [418, 'INTERNAL_ERROR'],
    [500, 'INTERNAL_ERROR'],
  ])('maps the status %i of Nest and Fastify to %s', (status, code) => {
    expect(toAppError(new HttpException('x', status), 'r').code).toBe(code);
    expect(toAppError(new FastifyError('FST_ERR_X', status), 'r').code).toBe(code);
  });

  it.each([
    ['an error', new Error('the secret inside')],
    ['an error that only looks like one of Fastify', new FastifyError('ENOENT', 404)],
    ['a string', 'the secret inside'],
    ['undefined', undefined],
    ['null', null],
    ['an object', { statusCode: 404, message: 'the secret inside' }],
  ])('makes INTERNAL_ERROR of %s, without its details', (_what, thrown) => {
    const error = toAppError(thrown, 'request-7');
    expect(error.toBody()).toEqual({
      message: 'Something went wrong; the log has the details',
      code: 'INTERNAL_ERROR',
      status: 500,
      info: { requestId: 'request-7' },
    });
    expect(error.cause).toBe(thrown);
  });

  it("repeats nothing of the framework's own messages", () => {
    const thrown = [new NotFoundException('the secret inside'), new FastifyError('FST_ERR_X', 400)];
    for (const error of thrown) {
      expect(JSON.stringify(toAppError(error, 'r').toBody())).not.toContain('secret');
    }
  });
});

describe('ERROR_CODES', () => {
  it('has the status of the contract for every code', () => {
    const statuses = Object.fromEntries(
      Object.entries(ERROR_CODES).map(([code, { status }]) => [code, status]),
    );
    expect(statuses).toMatchObject({
      INVALID: 400,
      UNAUTHORIZED: 401,
      NOT_ALLOWED: 403,
      SELF_DISCONNECT: 403,
      PROJECT_NOT_FOUND: 404,
      BROKER_NOT_FOUND: 404,
      CLIENT_NOT_FOUND: 404,
      ROUTE_NOT_FOUND: 404,
      METHOD_NOT_ALLOWED: 405,
      PAYLOAD_TOO_LARGE: 413,
      UNSUPPORTED_MEDIA_TYPE: 415,
      TOO_MANY_REQUESTS: 429,
      INTERNAL_ERROR: 500,
      CLIENT_CONTROL_NOT_AVAILABLE: 501,
      NOT_SUPPORTED_BY_BROKER: 501,
      BROKER_ERROR: 502,
      BROKER_DENIED: 502,
      BROKER_UNAVAILABLE: 503,
      BROKER_BUSY: 503,
      SHUTTING_DOWN: 503,
      BROKER_TIMEOUT: 504,
    });
  });
});
