import { setImmediate as nextTurn } from 'node:timers/promises';
import { CommandError } from './command-error.js';
import {
  encodeError,
  encodeResponse,
  encodeSuccess,
  readRequest,
  type ReceivedCommand,
  type RejectedCommand,
} from './control-command.js';

/**
 * Runs one command.
 *
 * @returns the `data` of the reply, as JSON
 * @throws {CommandError} with the `error` of the reply
 */
export type CommandHandler = (fields: Readonly<Record<string, unknown>>) => string | Promise<string>;

/** After how many commands of a message others get their turn. */
const COMMANDS_PER_TURN = 100;

/** One control API: reads request messages, runs their commands one after the other, writes the response messages. */
export class ControlEndpoint {
  readonly #handlers: ReadonlyMap<string, CommandHandler>;
  #last: Promise<unknown> = Promise.resolve();

  /** @param handlers by command name */
  constructor(handlers: Readonly<Record<string, CommandHandler>>) {
    // A Map: a command may be called "constructor".
    this.#handlers = new Map(Object.entries(handlers));
  }

  /** Answers a request message, after those that came before it. Never rejects, whatever the message holds. */
  answer(payload: Buffer): Promise<string> {
    const response = this.#last.then(() => this.#run(payload));
    this.#last = response;
    return response;
  }

  async #run(payload: Buffer): Promise<string> {
    const replies: string[] = [];
    for (const command of readRequest(payload)) {
      if (replies.length > 0 && replies.length % COMMANDS_PER_TURN === 0) await nextTurn();
      replies.push('error' in command ? encodeError(command) : await this.#runCommand(command));
    }
    return encodeResponse(replies);
  }

  async #runCommand(command: ReceivedCommand): Promise<string> {
    try {
      const handler = this.#handlers.get(command.command);
      if (handler === undefined) throw new CommandError('Unknown command');
      return encodeSuccess(command, await handler(command.fields));
    } catch (error) {
      const reply: RejectedCommand = {
        command: command.command,
        correlationData: command.correlationData,
        error: error instanceof CommandError ? error.message : 'Internal error',
      };
      return encodeError(reply);
    }
  }
}
