import { expect } from '@jest/globals';
import type { ErrorBody } from '../../src/errors/app-error.js';
import { ERROR_CODES, type ErrorCode } from '../../src/errors/error-codes.js';
import type { RawResponse } from './raw-http.js';
import type { Answer } from './test-service.js';

/** Expects an answer to be the contract's error answer with that code, shape and headers included, and returns its body. */
export function expectError(answer: Answer | RawResponse, code: ErrorCode, info?: object): ErrorBody {
  const headers = answer.headers instanceof Headers ? Object.fromEntries(answer.headers) : answer.headers;
  const body = answer.body as ErrorBody;
  const { status } = ERROR_CODES[code];
  expect({ status: answer.status, body }).toMatchObject({ status, body: { code, status } });
  expect(headers['content-type']).toMatch(/^application\/json(;|$)/);
  expect(headers['x-request-id']).toMatch(/^.{1,128}$/);
  const allowedKeys = ['message', 'code', 'status', ...('info' in ERROR_CODES[code] ? ['info'] : [])];
  expect(Object.keys(body).sort()).toEqual(allowedKeys.sort());
  expect(body.message.length).toBeGreaterThan(5);
  if (info !== undefined) expect(body.info).toEqual(info);
  return body;
}

/** The issues of an `INVALID` answer. */
export function issuesOf(answer: Answer | RawResponse): { path: string; message: string }[] {
  const { info } = expectError(answer, 'INVALID');
  return info?.issues as { path: string; message: string }[];
}
