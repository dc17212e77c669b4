import { isJsonObject } from '../../json/json.js';

/** The data of a successful answer. */
export type CommandData = Readonly<Record<string, unknown>>;

/** A command for the broker: its name and its fields, without `correlationData`, which the gateway adds. */
export interface ControlCommand {
  readonly command: string;
  readonly [field: string]: unknown;
}

/** Why a command failed, in the broker's words. */
export interface CommandError {
  /** For people. */
  readonly text: string;
  /** For programs; only the extension endpoint has codes. */
  readonly code?: string;
  /** Facts that belong to the code. */
  readonly info?: Readonly<Record<string, unknown>>;
}

/**
 * Commands that a broker walks through all its clients for. The companion plugin refuses a second one in one message where
 * there are many clients.
 */
export const HEAVY_COMMANDS: ReadonlySet<string> = new Set(['listClients']);

/** What the broker said about one command. */
export type CommandResult =
  | { readonly kind: 'success'; readonly data: CommandData }
  | { readonly kind: 'error'; readonly error: CommandError }
  /** An entry that is neither a success nor an error. */
  | { readonly kind: 'invalid' };

/** One entry of a response message. */
export interface ControlReply {
  /** Absent when the broker could not tell which command it answers. */
  readonly correlationData: string | undefined;
  /** The command that it answers, if it names one. */
  readonly command: string | undefined;
  readonly result: CommandResult;
}

/** Events of the extension endpoint. */
export interface EventBatch {
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** Number of the last of them, counted by the broker. */
  readonly sequence: number;
  /** Events that the broker dropped before these. */
  readonly missed: number;
}

/** What a message on a response topic turned out to be. */
export type ControlMessage =
  | { readonly kind: 'replies'; readonly replies: readonly ControlReply[] }
  /** The broker has no such control endpoint (Mosquitto 2.1 without the plugin). */
  | { readonly kind: 'endpoint-not-available' }
  | { readonly kind: 'events'; readonly events: EventBatch }
  | { readonly kind: 'malformed' };

/** Commands as JSON, with commas between them. */
export interface EncodedCommands {
  readonly commands: readonly ControlCommand[];
  readonly encoded: string;
  /** Size of `encoded`, bytes of UTF-8. */
  readonly bytes: number;
}

/** Of a UTF-16 unit in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Writes commands as JSON, correlation ids included: as many, from the first on, as take no more than `maxBytes` together;
 * the first in any case.
 *
 * @param idOf the correlation id of the command at this place; needs no escapes in JSON: letters, digits, `-`, `_` and `.`
 */
export function encodeCommands(
  commands: readonly ControlCommand[],
  idOf: (place: number) => string,
  maxBytes: number,
): EncodedCommands {
  const [only] = commands;
  if (only !== undefined && commands.length === 1) {
    const encoded = encodeCommand(only, idOf(0));
    return { commands, encoded, bytes: Buffer.byteLength(encoded) };
  }
  // Copying a command to add a field would cost three times as much as encoding it; a text for each, half as much again.
  const pieces: string[] = [];
  let mostBytes = 0;
  let count = 0;
  for (const command of commands) {
    const json = JSON.stringify(command);
    const id = idOf(count);
    mostBytes += (json.length + id.length) * MAX_BYTES_PER_UNIT + OVERHEAD;
    pieces.push(count === 0 ? '' : ',', json.slice(0, -1), ',"correlationData":"', id, '"}');
    count += 1;
    // Exactly, now that it may matter.
    if (mostBytes <= maxBytes || count === 1) continue;
    mostBytes = Buffer.byteLength(pieces.join(''));
    if (mostBytes <= maxBytes) continue;
    pieces.length -= PIECES;
    count -= 1;
    break;
  }
  const encoded = pieces.join('');
  const taken = count === commands.length ? commands : commands.slice(0, count);
  return { commands: taken, encoded, bytes: Buffer.byteLength(encoded) };
}

function encodeCommand(command: ControlCommand, id: string): string {
  return `${JSON.stringify(command).slice(0, -1)},"correlationData":"${id}"}`;
}

/** Pieces of one command, and characters in them besides the command and its id. */
const PIECES = 5;
const OVERHEAD = 24;

/** Puts encoded commands into one request message: `{"commands":[…]}`. Each text may hold several, with commas between them. */
export function encodeRequest(encodedCommands: readonly string[]): string {
  return `{"commands":[${encodedCommands.join(',')}]}`;
}

/** Reads a message of a response topic. Never throws: whatever it cannot read is `malformed`. */
export function decodeMessage(payload: Buffer): ControlMessage {
  let message: unknown;
  try {
    message = JSON.parse(payload.toString('utf8'));
  } catch {
    return { kind: 'malformed' };
  }
  if (!isJsonObject(message)) return { kind: 'malformed' };
  if (Array.isArray(message.responses)) {
    return { kind: 'replies', replies: message.responses.map(toReply) };
  }
  if (Array.isArray(message.events)) return { kind: 'events', events: toEvents(message.events, message) };
  return message.error === 'endpoint not available'
    ? { kind: 'endpoint-not-available' }
    : { kind: 'malformed' };
}

function toEvents(
  events: readonly unknown[],
  { sequence, missed }: Readonly<Record<string, unknown>>,
): EventBatch {
  return {
    events: events.filter(isJsonObject),
    sequence: typeof sequence === 'number' ? sequence : 0,
    missed: typeof missed === 'number' ? missed : 0,
  };
}

function toReply(entry: unknown): ControlReply {
  if (!isJsonObject(entry))
    return { correlationData: undefined, command: undefined, result: { kind: 'invalid' } };
  const { correlationData, command, data, error, code, info } = entry;
  return {
    correlationData: typeof correlationData === 'string' ? correlationData : undefined,
    command: typeof command === 'string' ? command : undefined,
    result:
      typeof error === 'string'
        ? { kind: 'error', error: toError(error, code, info) }
        : toResult(data, error),
  };
}

function toError(text: string, code: unknown, info: unknown): CommandError {
  return {
    text,
    ...(typeof code === 'string' && { code }),
    ...(isJsonObject(info) && { info }),
  };
}

function toResult(data: unknown, error: unknown): CommandResult {
  if (error !== undefined) return { kind: 'invalid' };
  if (data === undefined) return { kind: 'success', data: {} };
  return isJsonObject(data) ? { kind: 'success', data } : { kind: 'invalid' };
}
