import { ValidateBy, ValidateIf } from 'class-validator';

/** Makes a property validator out of a function that tells what is wrong with a value, or undefined. */
export const Check = (
  name: string,
  problemOf: (value: unknown, dto: object) => string | undefined,
): PropertyDecorator =>
  ValidateBy({
    name,
    validator: {
      validate: (value, args) => problemOf(value, args?.object ?? {}) === undefined,
      defaultMessage: (args) => (args === undefined ? '' : (problemOf(args.value, args.object) ?? '')),
    },
  });

/** The property may be absent; when it is there, null included, the other validators apply. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_dto, value) => value !== undefined);
