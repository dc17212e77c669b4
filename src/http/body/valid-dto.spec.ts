import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { IsString, ValidateIf, validateSync } from 'class-validator';
import fc from 'fast-check';
import { DisconnectClientDto } from '../../client-control/operations/disconnect.operation.js';
import { SubscribeClientDto } from '../../client-control/operations/subscribe.operation.js';
import { UnsubscribeClientDto } from '../../client-control/operations/unsubscribe.operation.js';
import { validDto } from './valid-dto.js';

/** Every class that a body is read into. */
const BODIES: readonly ClassConstructor<object>[] = [
  DisconnectClientDto,
  SubscribeClientDto,
  UnsubscribeClientDto,
];

const anything = fc.oneof(
  fc.constantFrom<unknown>('sensor-1', 'a/+/b', '$share/g/a', '#/a', '', 0, 1, 2, 3, true, null, [], {}),
  fc.constantFrom<unknown>('always', 'never', 'null', 'sometimes'),
  fc.jsonValue(),
);
const options = fc.record(
  { no_local: anything, retain_as_published: anything, send_retain: anything, more: anything },
  { requiredKeys: [] },
);
const body = fc.record(
  {
    clientid: anything,
    topic: anything,
    qos: anything,
    options: fc.oneof(options, anything),
    more: anything,
  },
  { requiredKeys: [] },
);

/** What class-transformer and class-validator make of it; undefined when they refuse. */
function byTheBook<T extends object>(dto: ClassConstructor<T>, plain: object): T | undefined {
  const instance = plainToInstance(dto, plain);
  const errors = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true });
  return errors.length === 0 ? instance : undefined;
}

describe('validDto', () => {
  it('makes the same DTO as class-transformer of a body that class-validator accepts, and none of any other', () => {
    fc.assert(
      fc.property(fc.constantFrom(...BODIES), body, (dto, plain) => {
        expect(validDto(dto, plain)).toEqual(byTheBook(dto, plain));
      }),
      { numRuns: 5000 },
    );
  });

  it('makes nested objects instances of their class, and keeps defaults', () => {
    const plain = { clientid: 'c', topic: 't', options: { no_local: true, send_retain: null } };
    const dto = validDto(SubscribeClientDto, plain);
    expect(dto).toStrictEqual(plainToInstance(SubscribeClientDto, plain));
    expect(dto?.qos).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('does not accept the key %s', (key) => {
    const plain = JSON.parse(`{"clientid":"c","${key}":"x"}`) as object;
    expect(validDto(DisconnectClientDto, plain)).toBeUndefined();
  });

  it('leaves decorators that it does not understand to class-validator', () => {
    class EachDto {
      @IsString({ each: true })
      readonly names!: string[];
    }
    class GroupDto {
      @IsString({ groups: ['some'] })
      readonly name!: string;
    }
    class UndecoratedDto {
      readonly name?: string;
    }
    expect(validDto(EachDto, { names: 'one' })).toBeUndefined();
    expect(validDto(GroupDto, { name: 'one' })).toBeUndefined();
    expect(validDto(UndecoratedDto, {})).toBeUndefined();
  });

  it('gives conditions the object and the value', () => {
    class ConditionalDto {
      @ValidateIf((dto: ConditionalDto, value) => dto.checked === true && value !== 'free')
      @IsString()
      readonly name!: unknown;
      @ValidateIf(() => false)
      @IsString()
      readonly checked!: unknown;
    }
    expect(validDto(ConditionalDto, { name: 1, checked: false })).toBeDefined();
    expect(validDto(ConditionalDto, { name: 1, checked: true })).toBeUndefined();
  });
});
