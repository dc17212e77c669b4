/** A command failed; its message is the `error` of the reply. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
