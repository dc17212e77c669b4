import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { QueryBoolean, QueryParameter } from '../http/body/query-parameter.decorator.js';
import { addressRangeProblem } from '../mqtt-strings/address-range.js';
import { PROTOCOL_VERSIONS, type ClientFilter } from '../mqtt-strings/client-filter.js';
import { globProblem, MAX_GLOB_CHARACTERS } from '../mqtt-strings/glob.js';
import { readTime, timeProblem } from './time.js';

const GLOB = '`*` stands for any characters, `?` for one, `\\` makes the next character literal';

/** A time in a query. */
const QueryTime = (description: string, example: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: `${description} RFC 3339 or epoch milliseconds.`,
      type: 'string',
      example,
    }),
    QueryParameter(timeProblem, readTime),
  );

/** Which clients are meant, as parameters of a query; several must all hold. The same everywhere. */
export class ClientFilterQuery {
  @ApiPropertyOptional({
    description: `Only clients whose id matches: ${GLOB}. At most ${MAX_GLOB_CHARACTERS} characters with a wildcard.`,
    minLength: 1,
    example: 'sensor-*',
  })
  @QueryParameter(globProblem)
  readonly clientid?: string;

  @ApiPropertyOptional({
    description: `Only clients whose user name matches: ${GLOB}; \`<anonymous>\` for those without one.`,
    minLength: 1,
    example: '*',
  })
  @QueryParameter(globProblem)
  readonly username?: string;

  @ApiPropertyOptional({
    description: 'Only clients with this address, or from this network.',
    example: '127.0.0.0/8',
  })
  @QueryParameter(addressRangeProblem)
  readonly address?: string;

  @ApiPropertyOptional({
    description: 'Only clients that are, or are not, connected now.',
    type: 'boolean',
    example: true,
  })
  @QueryBoolean()
  readonly connected?: boolean;

  @ApiPropertyOptional({
    description: 'Only clients with this version of MQTT.',
    enum: PROTOCOL_VERSIONS,
    example: 'v3.1.1',
  })
  @QueryParameter((value) =>
    PROTOCOL_VERSIONS.some((version) => version === value)
      ? undefined
      : `must be one of ${PROTOCOL_VERSIONS.join(', ')}`,
  )
  readonly protocolVersion?: (typeof PROTOCOL_VERSIONS)[number];

  @QueryTime('Only clients that have been connected since before this time.', '2036-01-01T00:00:00Z')
  readonly connectedBefore?: number;

  @QueryTime('Only clients that connected after this time and still are.', '2026-01-01T00:00:00Z')
  readonly connectedAfter?: number;
}

/** The filter in a query; undefined for one that lets every client through. */
export function filterOf(query: ClientFilterQuery): ClientFilter | undefined {
  const { clientid, username, address, connected, protocolVersion, connectedBefore, connectedAfter } = query;
  const filter = Object.fromEntries(
    Object.entries({
      clientid,
      username,
      address,
      connected,
      protocolVersion,
      connectedBefore,
      connectedAfter,
    }).filter(([, value]) => value !== undefined),
  ) as ClientFilter;
  return Object.keys(filter).length === 0 ? undefined : filter;
}

/**
 * Names of a client's fields, separated by commas; read as a set.
 *
 * @param known those there are
 */
export const FieldNamesQuery = (known: readonly string[]): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description: `Only these fields, separated by commas; \`clientid\` is always there. They are: ${known.join(', ')}.`,
      type: 'string',
      example: 'clientid,username,connected',
    }),
    QueryParameter(
      (value) =>
        value instanceof Set && [...value].every((name) => known.includes(name as string))
          ? undefined
          : `must be names of fields, separated by commas, out of ${known.join(', ')}`,
      (text) => new Set(text.split(',', known.length + 1)),
    ),
  );
