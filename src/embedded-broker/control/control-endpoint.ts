import type { Client } from 'aedes';
import type { JsonObject } from '../../json/json.js';
import { CommandError } from '../clients/command-error.js';
import { Turn } from '../broker/turn.js';
import { encodeError, encodeResponse, encodeSuccess, readRequest, type ReceivedCommand } from './messages.js';

/** What a command is given. */
export interface CommandRequest {
  /** Its fields, which are not checked yet. */
  readonly fields: JsonObject;
  /** The connection that sent it. */
  readonly asker: Client;
}

/**
 * Runs one command, with what it needs of the broker.
 *
 * @returns the `data` of the reply; a string is JSON already
 * @throws {CommandError} what went wrong
 */
export type Command<Tools> = (
  request: CommandRequest,
  tools: Tools,
) => object | string | Promise<object | string>;

/** One control API: reads request messages, runs their commands one after the other, writes the response messages. */
export class ControlEndpoint<Tools> {
  readonly #commands: ReadonlyMap<string, Command<Tools>>;
  readonly #tools: Tools;
  readonly #hasCodes: boolean;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param commands by name
   * @param options.hasCodes whether error replies have a `code` for programs, as those of our own endpoint do
   */
  constructor(commands: Readonly<Record<string, Command<Tools>>>, tools: Tools, { hasCodes = false } = {}) {
    // A Map: a command may be called "constructor".
    this.#commands = new Map(Object.entries(commands));
    this.#tools = tools;
    this.#hasCodes = hasCodes;
  }

  /** Answers a request message, after those that came before it. Never rejects, whatever the message holds. */
  answer(payload: Buffer, asker: Client): Promise<string> {
    const response = this.#last.then(() => this.#run(payload, asker));
    this.#last = response;
    return response;
  }

  async #run(payload: Buffer, asker: Client): Promise<string> {
    const replies: string[] = [];
    const turn = new Turn();
    for (const command of readRequest(payload)) {
      if (turn.isOver) await turn.next();
      replies.push(
        'error' in command ? encodeError(command, this.#hasCodes) : await this.#runCommand(command, asker),
      );
    }
    return encodeResponse(replies);
  }

  async #runCommand(command: ReceivedCommand, asker: Client): Promise<string> {
    try {
      const run = this.#commands.get(command.command);
      if (run === undefined) throw new CommandError('UNKNOWN_COMMAND', 'Unknown command');
      const data = await run({ fields: command.fields, asker }, this.#tools);
      return encodeSuccess(command, typeof data === 'string' ? data : JSON.stringify(data));
    } catch (error) {
      const known = error instanceof CommandError ? error : new CommandError('INTERNAL', 'Internal error');
      const { code, message, info } = known;
      const { correlationData } = command;
      return encodeError(
        { command: command.command, correlationData, error: message, code, ...(info && { info }) },
        this.#hasCodes,
      );
    }
  }
}
