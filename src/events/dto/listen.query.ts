import { ApiPropertyOptional } from '@nestjs/swagger';
import { QueryParameter } from '../../http/body/query-parameter.decorator.js';
import { globProblem } from '../../mqtt-strings/glob.js';
import { EVENT_TYPES, type EventType } from '../event-ring.js';

const isType = (value: unknown): value is EventType => EVENT_TYPES.some((type) => type === value);

/** Query of the event streams. */
export class ListenQuery {
  @ApiPropertyOptional({
    description: 'Only events about clients whose id matches: `*` stands for any characters, `?` for one.',
    minLength: 1,
    example: 'sensor-*',
  })
  @QueryParameter(globProblem)
  readonly clientid?: string;

  @ApiPropertyOptional({
    description: `Only events of these types, with commas between them: ${EVENT_TYPES.join(', ')}.`,
    type: 'string',
    example: 'client.connected,client.disconnected',
  })
  @QueryParameter(
    (value) =>
      Array.isArray(value) || !(value instanceof Set)
        ? `must be of ${EVENT_TYPES.join(', ')}, with commas between them`
        : undefined,
    (text) => {
      const types = text.split(',', EVENT_TYPES.length + 1);
      return types.length <= EVENT_TYPES.length && types.every(isType) ? new Set(types) : text;
    },
  )
  readonly type?: ReadonlySet<EventType>;
}
