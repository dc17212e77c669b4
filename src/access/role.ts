/** The roles, each including those before it. */
export const ROLES = ['viewer', 'editor', 'admin'] as const;

/** `viewer` reads, `editor` also controls clients, `admin` also subscribes clients to `$`-topics and reads the audit trail. */
export type Role = (typeof ROLES)[number];

/** Whether `held` covers `required`. */
export function roleCovers(held: Role, required: Role): boolean {
  return ROLES.indexOf(held) >= ROLES.indexOf(required);
}
