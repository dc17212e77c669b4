import { isJsonObject } from '../../json/json.js';
import type { CommandError, CommandErrorCode } from '../clients/command-error.js';

/** One command of a request: its name, and its fields, which are not checked yet. */
export interface ReceivedCommand {
  readonly command: string;
  readonly correlationData: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A command that failed, or an entry of a request that is none, and the reply that says so. */
export interface RejectedCommand {
  readonly command: string;
  readonly correlationData: string | undefined;
  readonly error: string;
  /** For programs; the Pro APIs have no codes. */
  readonly code: CommandErrorCode;
  readonly info?: CommandError['info'];
}

/** What Mosquitto names a command that it could not read. */
const UNREADABLE = 'Unknown command';

/**
 * Reads a request message. Never throws: what is no command becomes a rejection, with Mosquitto's words.
 * Source: `control.c` of Mosquitto's dynamic security plugin, except that a bad command does not end the batch.
 */
export function readRequest(payload: Buffer): (ReceivedCommand | RejectedCommand)[] {
  let request: unknown;
  try {
    request = JSON.parse(payload.toString('utf8'));
  } catch {
    return [rejection('Payload not valid JSON')];
  }
  if (!isJsonObject(request) || !Array.isArray(request.commands)) {
    return [rejection('Invalid/missing commands')];
  }
  return request.commands.map(readCommand);
}

/** Writes the message with the replies, each already encoded. */
export function encodeResponse(encodedReplies: readonly string[]): string {
  return `{"responses":[${encodedReplies.join(',')}]}`;
}

/** Writes the reply to a command that succeeded. `encodedData` is JSON. */
export function encodeSuccess({ command, correlationData }: ReceivedCommand, encodedData: string): string {
  const tail = correlationData === undefined ? '' : `,"correlationData":${JSON.stringify(correlationData)}`;
  return `{"command":${JSON.stringify(command)},"data":${encodedData}${tail}}`;
}

/** Writes the reply to a command that failed. */
export function encodeError(
  { command, correlationData, error, code, info }: RejectedCommand,
  withCode: boolean,
): string {
  return JSON.stringify({ command, error, ...(withCode && { code, info }), correlationData });
}

function readCommand(entry: unknown): ReceivedCommand | RejectedCommand {
  if (!isJsonObject(entry)) return rejection('Command not an object');
  const { command, correlationData, ...fields } = entry;
  const hasCorrelation = typeof correlationData === 'string';
  if (typeof command !== 'string') {
    return { ...rejection('Missing command'), correlationData: hasCorrelation ? correlationData : undefined };
  }
  if (!hasCorrelation && correlationData !== undefined) {
    return {
      command,
      correlationData: undefined,
      error: 'Invalid correlationData data type.',
      code: 'INVALID',
      info: { field: 'correlationData' },
    };
  }
  return { command, correlationData, fields };
}

function rejection(error: string): RejectedCommand {
  return { command: UNREADABLE, correlationData: undefined, error, code: 'INVALID' };
}
