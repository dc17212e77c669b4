import type { Command } from 'commander';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions } from '../service/session.js';
import { act, withActOptions, type ActOptions } from '../work/act.js';
import { subscription, withSubscribeOptions, type SubscribeOptions } from './sub.js';

type Options = ServiceOptions &
  ActOptions &
  SubscribeOptions & { readonly from: string; readonly to: string };

/** `move`: takes clients from one topic filter to another, the new one first. */
export function addMoveCommand(program: Command): void {
  const command = program
    .command('move')
    .argument('[clientid...]', 'client ids; - reads them from standard input, one per line')
    .summary('subscribe clients to a topic filter, then take another away from them')
    .requiredOption('--from <filter>', 'the old topic filter; ${clientid} stands for the id of each')
    .requiredOption('--to <filter>', 'the new one');
  withActOptions(withSubscribeOptions(withServiceOptions(command))).action(
    (ids: string[], options: Options) =>
      runOnService(options, { acts: true }, (session) => {
        const actions = [
          subscription(options.to, options),
          { action: 'unsubscribe', topic: options.from } as const,
        ];
        const words = { verb: 'Move', halfway: 'have the new one and still the old one' };
        return act(session, ids, actions, words, options);
      }),
  );
}
