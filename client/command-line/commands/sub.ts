import { Option, type Command } from 'commander';
import type { Action } from '../../src/index.js';
import { qosNumber } from '../parse-number.js';
import { runOnService, withServiceOptions } from '../service/service-command.js';
import type { ServiceOptions } from '../service/session.js';
import { act, withActOptions, type ActOptions } from '../work/act.js';

/** How to subscribe. */
export interface SubscribeOptions {
  readonly qos?: 0 | 1 | 2;
  readonly local: boolean;
  readonly retainAsPublished?: boolean;
  readonly sendRetain?: 'always' | 'new' | 'never';
}

type Options = ServiceOptions & ActOptions & SubscribeOptions & { readonly topic: string };

/** `sub`: subscribes clients on their behalf. */
export function addSubCommand(program: Command): void {
  const command = program
    .command('sub')
    .argument('[clientid...]', 'client ids; - reads them from standard input, one per line')
    .summary('subscribe clients to a topic filter')
    .requiredOption('-t, --topic <filter>', 'the topic filter; ${clientid} stands for the id of each');
  withActOptions(withSubscribeOptions(withServiceOptions(command))).action(
    (ids: string[], options: Options) =>
      runOnService(options, { acts: true }, (session) =>
        act(session, ids, [subscription(options.topic, options)], { verb: 'Subscribe' }, options),
      ),
  );
}

/** Gives a command the options of a subscription. */
export function withSubscribeOptions(command: Command): Command {
  return command
    .option('--qos <0|1|2>', 'the highest QoS to send messages with', qosNumber)
    .option('--no-local', 'not their own messages')
    .option('--retain-as-published', 'messages keep the retain flag that they were published with')
    .addOption(
      new Option('--send-retain <when>', 'whether retained messages are sent').choices([
        'always',
        'new',
        'never',
      ]),
    );
}

/** The action that options stand for. */
export function subscription(
  topic: string,
  { qos, local, retainAsPublished, sendRetain }: SubscribeOptions,
): Action & { readonly action: 'subscribe' } {
  const options = {
    ...(!local && { no_local: true }),
    ...(retainAsPublished === true && { retain_as_published: true }),
    ...(sendRetain !== undefined && { send_retain: sendRetain }),
  };
  return {
    action: 'subscribe',
    topic,
    ...(qos !== undefined && { qos }),
    ...(Object.keys(options).length > 0 && { options }),
  };
}
