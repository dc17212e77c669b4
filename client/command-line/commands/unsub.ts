import type { Command } from 'commander';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions } from '../service/session.js';
import { act, withActOptions, type ActOptions } from '../work/act.js';

type Options = ServiceOptions & ActOptions & { readonly topic: string };

/** `unsub`: removes clients' subscriptions. */
export function addUnsubCommand(program: Command): void {
  const command = program
    .command('unsub')
    .argument('[clientid...]', 'client ids; - reads them from standard input, one per line')
    .summary("remove clients' subscriptions")
    .requiredOption('-t, --topic <filter>', 'the topic filter; ${clientid} stands for the id of each');
  withActOptions(withServiceOptions(command)).action((ids: string[], options: Options) =>
    runOnService(options, { acts: true }, (session) =>
      act(session, ids, [{ action: 'unsubscribe', topic: options.topic }], { verb: 'Unsubscribe' }, options),
    ),
  );
}
