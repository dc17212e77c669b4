import { Option, type Command } from 'commander';
import type { EventType, ServiceEvent } from '../../src/index.js';
import { UsageError } from '../exit-code.js';
import type { Column } from '../output/cell.js';
import { positiveNumber } from '../parse-number.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions } from '../service/session.js';

interface EventsOptions extends ServiceOptions {
  readonly clientid?: string;
  readonly type?: readonly EventType[];
  readonly after?: string;
  readonly count?: number;
}

const TYPES: readonly EventType[] = ['client.connected', 'client.disconnected', 'control', 'ban', 'broker'];

const COLUMNS: readonly Column<ServiceEvent>[] = [
  { title: 'TIME', of: ({ time }) => time },
  { title: 'EVENT', of: ({ type }) => type.padEnd('client.disconnected'.length) },
  { title: 'BROKER', of: ({ broker }) => broker },
  { title: 'CLIENT ID', of: (event) => ('clientid' in event ? event.clientid : undefined) },
  { title: 'WHAT', of: whatOf },
];

/** `events`: what happens, as it happens. */
export function addEventsCommand(program: Command): void {
  const command = program.command('events').summary('show what happens, as it happens');
  withServiceOptions(command)
    .option('--clientid <pattern>', 'only about clients whose id matches')
    .addOption(
      new Option('--type <types>', `only these, with commas between them: ${TYPES.join(', ')}`).argParser(
        parseTypes,
      ),
    )
    .option('--after <id>', 'go on after this event')
    .option('--count <number>', 'end after so many', positiveNumber)
    .action((options: EventsOptions) =>
      runOnService(options, { acts: false }, async (session) => {
        const { clientid, type, after, count = Infinity } = options;
        const { terminal, signal } = session;
        const events = session.client.events(await session.target(), {
          ...(clientid !== undefined && { clientid }),
          ...(type !== undefined && { types: type }),
          ...(after !== undefined && { lastEventId: after }),
          signal,
          onState: (state) => {
            if (state.state === 'waiting')
              terminal.say(`the connection was lost; next try in ${Math.ceil(state.retryMs / 1000)} s`);
          },
        });
        const records = session.records(COLUMNS);
        for await (const event of events) {
          await records.add(event);
          await records.flush();
          if (records.count >= count) break;
        }
        await records.end();
        return undefined;
      }),
    );
}

function parseTypes(text: string): readonly EventType[] {
  return text.split(',').map((name) => {
    const type = TYPES.find((known) => known === name);
    if (type === undefined)
      throw new UsageError(`there is no event "${name}"; there are ${TYPES.join(', ')}`);
    return type;
  });
}

function whatOf(event: ServiceEvent): string {
  switch (event.type) {
    case 'client.connected':
      return words(event.username, event.address, event.protocolVersion);
    case 'client.disconnected':
      return words(event.reason, event.sessionStays === true && 'its session stays');
    case 'control':
    case 'ban':
      return words(
        event.action,
        event.topic,
        event.outcome,
        event.outcomeDetail,
        event.caller !== undefined && `by ${event.caller}`,
      );
    case 'broker':
      return words(
        event.state,
        event.lastError,
        event.clientEvents === false && 'tells nothing of its clients',
      );
    case 'gap':
      return words('events were missed', event.missed !== null && `${event.missed} of them`, event.why);
    default:
      return event satisfies never;
  }
}

function words(...some: readonly (string | false | null | undefined)[]): string {
  return some.filter((word) => typeof word === 'string' && word !== '').join(', ');
}
