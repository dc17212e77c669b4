import { applyDecorators } from '@nestjs/common';
import { ApiResponse, getSchemaPath, type ApiResponseExamples } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode, type ErrorCodeEntry } from '../errors/error-codes.js';
import { ErrorResponse } from './error-response.js';

/** Documents the errors a route can answer: one response per status, with a description and an example for each code. */
export function ApiErrors(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  const statuses = [...new Set(codes.map((code) => ERROR_CODES[code].status))].sort((a, b) => a - b);
  return applyDecorators(
    ...statuses.map((status) => {
      const entries = [...new Set(codes)].filter((code) => ERROR_CODES[code].status === status);
      return ApiResponse({
        status,
        description: entries.map((code) => `\`${code}\`: ${ERROR_CODES[code].when}`).join('\n\n'),
        content: {
          'application/json': {
            schema: { $ref: getSchemaPath(ErrorResponse) },
            examples: Object.fromEntries(entries.map((code) => [code, exampleOf(code)])),
          },
        },
      });
    }),
  );
}

function exampleOf(code: ErrorCode): ApiResponseExamples {
  const { status, when, message, info }: ErrorCodeEntry = ERROR_CODES[code];
  return { summary: when, value: { message, code, status, ...(info && { info }) } };
}
