/** What went wrong, for programs. Source: `docs/control-protocol.md`. */
export type CommandErrorCode =
  | 'INVALID'
  | 'UNKNOWN_COMMAND'
  | 'CLIENT_NOT_FOUND'
  | 'CLIENT_NOT_CONNECTED'
  | 'CLIENT_RECONNECTED'
  | 'CONTROL_CLIENT'
  | 'NOT_SUPPORTED'
  | 'BAN_NOT_FOUND'
  | 'BAN_TOO_WIDE'
  | 'STANDING_SUBSCRIPTION_NOT_FOUND'
  | 'TOO_MANY'
  | 'INTERNAL';

/** A command failed; its message is the `error` of the reply, in the words of the Pro API where that has some. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly code: CommandErrorCode,
    message: string,
    /** Facts for programs. */
    readonly info?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

export function invalidField(field: string): CommandError {
  return new CommandError('INVALID', `Invalid/missing ${field}`, { field });
}

export function clientNotFound(): CommandError {
  return new CommandError('CLIENT_NOT_FOUND', 'Client not found');
}

export function clientNotConnected(): CommandError {
  return new CommandError('CLIENT_NOT_CONNECTED', 'Client not connected');
}
