/** What the command line ends with. */
export const EXIT = {
  allDone: 0,
  /** Some of it failed, or was not sent; for a single call: it failed. */
  someFailed: 1,
  /** Nothing was done: what was typed, or where it was typed, cannot be meant. */
  usage: 2,
  /** Something was sent, and nobody knows whether it was done. */
  outcomeUnknown: 3,
} as const;

/** A status of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something was sent, and whoever sent it did not wait for its answer: nobody knows whether it was done. */
export class NotAwaitedError extends Error {
  override readonly name = 'NotAwaitedError';
}

/** What was typed cannot be carried out; nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
