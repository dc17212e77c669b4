import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { Check, MayBeAbsent } from './check.decorator.js';

const INTEGER = /^(0|-?[1-9]\d{0,9})$/;

/**
 * A query parameter that may be absent and is given at most once.
 *
 * @param problemOf what is wrong with the value, or undefined
 * @param read what to make of the text; text that it returns unchanged is left to `problemOf`
 */
export const QueryParameter = (
  problemOf: (value: unknown) => string | undefined,
  read: (text: string) => unknown = (text) => text,
): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { readonly value: unknown }) => (typeof value === 'string' ? read(value) : value)),
    MayBeAbsent(),
    Check('queryParameter', (value) => (Array.isArray(value) ? 'must be given only once' : problemOf(value))),
  );

/** An integer in plain decimal digits: no padding, no exponent, no fraction. */
export const QueryInteger = (minimum: number, maximum: number): PropertyDecorator =>
  QueryParameter(
    (value) =>
      typeof value === 'number' && value >= minimum && value <= maximum
        ? undefined
        : `must be an integer from ${minimum} to ${maximum}`,
    (text) => (INTEGER.test(text) ? Number(text) : text),
  );

/** `true` or `false`. */
export const QueryBoolean = (): PropertyDecorator =>
  QueryParameter(
    (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
    (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
  );
