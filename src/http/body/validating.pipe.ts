import { IncomingMessage } from 'node:http';
import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { ConfigStore } from '../../config/config-store.js';
import { isJsonObject, joinPath } from '../../json/json.js';
import { invalid, type Issue } from '../../errors/issue.js';
import { readJsonBody } from './json-body.js';
import { validDto } from './valid-dto.js';

/**
 * Properties and items, at any depth, of what is not valid at first sight: no body or query that describes one thing has
 * so many, and to name all that is wrong with more would keep the event loop busy.
 */
const MAX_VALUES = 200;

/**
 * Turns bodies and queries into validated DTOs.
 *
 * The body arrives as the unread request: pipes run after the guards, so nobody without a grant can make the service
 * read, let alone parse, a body.
 *
 * @throws {AppError} `INVALID` with every issue, and what {@link readJsonBody} throws
 */
@Injectable()
export class ValidatingPipe implements PipeTransform {
  readonly #config: ConfigStore;

  constructor(config: ConfigStore) {
    this.#config = config;
  }

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if ((type !== 'body' && type !== 'query') || metatype === undefined || metatype === Object) return value;
    const dto = metatype as ClassConstructor<object>;
    return type === 'query' ? checkedDto(dto, value) : this.#bodyDto(dto, value);
  }

  #bodyDto(dto: ClassConstructor<object>, value: unknown): object | Promise<object> {
    if (!(value instanceof IncomingMessage)) throw invalid([{ path: '', message: 'a body is required' }]);
    const body = readJsonBody(value, this.#config.current.http.bodyLimitBytes);
    return body instanceof Promise ? body.then((plain) => toDto(dto, plain)) : toDto(dto, body);
  }
}

/**
 * Makes a DTO of a parsed body, or of a part of one that is a body of its own.
 *
 * @throws {AppError} `INVALID` with every issue
 */
export function toDto<T extends object>(dto: ClassConstructor<T>, plain: unknown): T {
  return (isJsonObject(plain) ? validDto(dto, plain) : undefined) ?? checkedDto(dto, plain);
}

/** @throws {AppError} `INVALID` */
function checkedDto<T extends object>(dto: ClassConstructor<T>, plain: unknown): T {
  if (!isJsonObject(plain)) {
    throw invalid([{ path: '', message: 'the body must be a JSON object' }]);
  }
  if (countUpTo(MAX_VALUES + 1, plain) > MAX_VALUES)
    throw invalid([{ path: '', message: `holds more than ${MAX_VALUES} values` }]);
  const instance = plainToInstance(dto, plain);
  const problems = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true });
  const issues = [...inheritedKeys(plain, ''), ...problems.flatMap((problem) => toIssues(problem, ''))];
  if (issues.length > 0) throw invalid(issues);
  return instance;
}

/** How many properties and items a value has; looks no further than `limit`. */
function countUpTo(limit: number, value: object): number {
  let count = 0;
  for (const key in value) {
    count += 1;
    if (count >= limit) return limit;
    const each = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof each === 'object' && each !== null) count += countUpTo(limit - count, each);
  }
  return count;
}

/** class-transformer silently drops keys such as `toString` that every object inherits; here they are unknown fields like any other. */
function inheritedKeys(value: object, path: string): Issue[] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) => [
    ...(key in Object.prototype ? [{ path: joinPath(path, key), message: 'is not a known field' }] : []),
    ...(typeof item === 'object' && item !== null ? inheritedKeys(item, joinPath(path, key)) : []),
  ]);
}

function toIssues({ property, constraints = {}, children = [] }: ValidationError, parent: string): Issue[] {
  const path = joinPath(parent, property);
  const messages = Object.entries(constraints).map(([constraint, message]) =>
    constraint === 'whitelistValidation' ? 'is not a known field' : message,
  );
  // Two validators may say the same about one value.
  const own = [...new Set(messages)].map((message) => ({ path, message }));
  return [...own, ...children.flatMap((child) => toIssues(child, path))];
}
