import type { OpenAPIObject } from '@nestjs/swagger';
import { ERROR_CODES, type ErrorCode, type ErrorCodeEntry } from '../errors/error-codes.js';

/** Nest exports the type under this name only. */
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Schema = Exclude<Schemas[string], { $ref: string }>;

/** Facts whose values are known beforehand. */
const KNOWN_VALUES: Readonly<Record<string, readonly string[]>> = { outcome: ['not-sent', 'unknown'] };

/**
 * Replaces the one schema of all error bodies by one for each code, told apart by `code`, so that a generated client knows
 * what `info` holds: types come from the examples of the error table.
 */
export function withErrorSchemas(document: OpenAPIObject): OpenAPIObject {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  const refOf = (code: ErrorCode): string => `#/components/schemas/${nameOf(code)}`;
  const byCode = Object.fromEntries(codes.map((code) => [nameOf(code), schemaOfCode(code)]));
  const union: Schema = {
    description: 'The body of every error answer.',
    oneOf: codes.map((code) => ({ $ref: refOf(code) })),
    discriminator: {
      propertyName: 'code',
      mapping: Object.fromEntries(codes.map((code) => [code, refOf(code)])),
    },
  };
  const schemas = { ...document.components?.schemas, ...byCode, ErrorResponse: union };
  return { ...document, components: { ...document.components, schemas } };
}

/** `BROKER_TIMEOUT` becomes `BrokerTimeoutError`. */
function nameOf(code: ErrorCode): string {
  const words = code.split('_').map((word) => `${word.charAt(0)}${word.slice(1).toLowerCase()}`);
  return `${words.join('').replace(/Error$/, '')}Error`;
}

function schemaOfCode(code: ErrorCode): Schema {
  const { status, when, info }: ErrorCodeEntry = ERROR_CODES[code];
  return {
    type: 'object',
    description: when,
    required: ['message', 'code', 'status', ...(info === undefined ? [] : ['info'])],
    properties: {
      message: { type: 'string', description: 'What went wrong, for people.' },
      code: { type: 'string', enum: [code] },
      status: { type: 'integer', enum: [status] },
      ...(info !== undefined && { info: schemaOf(info) }),
    },
  };
}

/** The schema of what an example is an example of. What is in it may be missing, except for known values. */
function schemaOf(example: unknown, name = ''): Schema {
  const values = KNOWN_VALUES[name];
  if (values !== undefined) return { type: 'string', enum: [...values] };
  if (Array.isArray(example)) return { type: 'array', items: schemaOf(example[0]) };
  if (typeof example === 'object' && example !== null) {
    const properties = Object.entries(example).map(([key, value]) => [key, schemaOf(value, key)] as const);
    return { type: 'object', properties: Object.fromEntries(properties), additionalProperties: true };
  }
  if (typeof example === 'number') return { type: Number.isInteger(example) ? 'integer' : 'number' };
  return { type: typeof example === 'boolean' ? 'boolean' : 'string' };
}
