/** What can be done to a client. Each has a file in `client-control/operations`, and whatever lists actions derives from here. */
export const CONTROL_ACTIONS = ['disconnect', 'subscribe', 'unsubscribe'] as const;

/** One of {@link CONTROL_ACTIONS}. */
export type ControlAction = (typeof CONTROL_ACTIONS)[number];

/** Whatever the audit trail has records of. */
export const AUDITED_ACTIONS = [
  ...CONTROL_ACTIONS,
  'bulk',
  'ban',
  'unban',
  'set-standing-subscription',
  'delete-standing-subscription',
] as const;

/** One of {@link AUDITED_ACTIONS}. */
export type AuditedAction = (typeof AUDITED_ACTIONS)[number];

/** Names actions in a sentence: `` `disconnect`, `subscribe` or `unsubscribe` ``. */
export function inWords(actions: readonly string[]): string {
  const quoted = actions.map((action) => `\`${action}\``);
  return [quoted.slice(0, -1).join(', '), ...quoted.slice(-1)].filter((part) => part !== '').join(' or ');
}
