import { getMetadataStorage, ValidationTypes, type ValidationArguments } from 'class-validator';
import type { ClassConstructor } from 'class-transformer';

type Plain = Record<string, unknown>;

/** Whether a value of a DTO holds, given the DTO. */
type Check = (value: unknown, dto: object) => boolean;

/** What the decorators of one property ask for. */
interface Property {
  readonly name: string;
  /** Without all of these, the others do not apply. */
  readonly conditions: Check[];
  readonly checks: Check[];
  nested?: ClassConstructor<object>;
}

/** What a check of class-validator is told. */
type Context = ValidationArguments;
const NO_OBJECT = {};
const NO_NAMES: ReadonlySet<string> = new Set();

/** Null for DTOs with decorators that are not understood here. */
const compiled = new WeakMap<ClassConstructor<object>, ReadonlyMap<string, Property> | null>();

/**
 * Makes a DTO of a parsed JSON object if it is valid, by the checks of the DTO's own class-validator decorators, looked
 * up once per class instead of once per request: valid bodies are the rule, and most of what class-validator does is
 * to prepare errors.
 *
 * @param leftOut properties that are no part of the DTO
 * @returns undefined when the object is not valid, or when only class-transformer and class-validator can tell: never
 *   a DTO that they would refuse, or that differs from theirs. Values are not converted: `@Transform` and the like have
 *   no place on a body.
 */
export function validDto<T extends object>(
  dto: ClassConstructor<T>,
  plain: object,
  leftOut = NO_NAMES,
): T | undefined {
  const properties = propertiesOf(dto);
  if (properties === null) return undefined;
  const instance = new dto();
  const fields = instance as Plain;
  for (const name of Object.keys(plain)) {
    const value = (plain as Plain)[name];
    const property = properties.get(name);
    if (property === undefined) {
      if (leftOut.has(name)) continue;
      return undefined;
    }
    if (typeof value !== 'object' || value === null) fields[name] = value;
    else {
      const nested =
        property.nested === undefined || Array.isArray(value) ? undefined : validDto(property.nested, value);
      if (nested === undefined) return undefined;
      fields[name] = nested;
    }
  }
  for (const { name, conditions, checks } of properties.values()) {
    const value = fields[name];
    if (allHold(conditions, value, instance) && !allHold(checks, value, instance)) return undefined;
  }
  return instance;
}

function allHold(checks: readonly Check[], value: unknown, dto: object): boolean {
  for (const check of checks) if (!check(value, dto)) return false;
  return true;
}

function propertiesOf(dto: ClassConstructor<object>): ReadonlyMap<string, Property> | null {
  let properties = compiled.get(dto);
  if (properties === undefined) {
    properties = compile(dto);
    compiled.set(dto, properties);
  }
  return properties;
}

function compile(dto: ClassConstructor<object>): ReadonlyMap<string, Property> | null {
  const storage = getMetadataStorage();
  const properties = new Map<string, Property>();
  for (const metadata of storage.getTargetValidationMetadatas(dto, '', false, false)) {
    const { type, propertyName, constraintCls, constraints, each, validateIf } = metadata;
    // Undefined where a decorator got options without groups, whatever the type says.
    const { length: groups } = (metadata.groups as readonly string[] | undefined) ?? [];
    if (each || groups > 0 || validateIf !== undefined) return null;
    const property = properties.get(propertyName) ?? { name: propertyName, conditions: [], checks: [] };
    properties.set(propertyName, property);
    switch (type) {
      case ValidationTypes.CONDITIONAL_VALIDATION: {
        const [condition] = constraints as [(dto: object, value: unknown) => boolean];
        property.conditions.push((value, object) => condition(object, value));
        break;
      }
      case ValidationTypes.NESTED_VALIDATION:
        property.nested = Reflect.getMetadata(
          'design:type',
          dto.prototype as object,
          propertyName,
        ) as ClassConstructor<object>;
        break;
      case ValidationTypes.CUSTOM_VALIDATION:
        for (const { instance } of storage.getTargetValidatorConstraints(constraintCls)) {
          // One for all: a check is over before the next begins.
          const context: Context = {
            value: undefined,
            object: NO_OBJECT,
            constraints,
            property: propertyName,
            targetName: dto.name,
          };
          property.checks.push((value, object) => {
            context.value = value;
            context.object = object;
            // An asynchronous check gives a promise, which is no answer here.
            const isValid = instance.validate(value, context) === true;
            context.value = undefined;
            context.object = NO_OBJECT;
            return isValid;
          });
        }
        break;
      default:
        return null;
    }
  }
  // class-validator takes a class without decorators for a mistake.
  return properties.size === 0 ? null : properties;
}
