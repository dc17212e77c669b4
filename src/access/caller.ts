import { roleCovers, type Role } from './role.js';

/** What a caller may do: a role on a project (`*` is every project), on all of its brokers or only those listed. */
export interface Grant {
  readonly project: string;
  readonly role: Role;
  readonly brokers?: readonly string[] | undefined;
}

/** Who makes a request, after authentication. */
export interface Caller {
  /** Tells it from every other caller: what is counted or kept for a caller goes by this. */
  readonly id: string;
  /** The token's configured name, or what the JWT's provider calls it: callers of two providers may have the same. */
  readonly name: string;
  readonly kind: 'token' | 'jwt';
  /** The identity provider of a JWT. */
  readonly issuer?: string | undefined;
  readonly grants: readonly Grant[];
  /** The credential's own rate limit, 0 for none; undefined where the common one applies. */
  readonly requestsPerMinute?: number | undefined;
}

/** What an action needs: a role, on a project if there is one, and on a broker of it if there is one. */
export interface Requirement {
  readonly role: Role;
  readonly project?: string | undefined;
  readonly broker?: string | undefined;
}

/** Whether any of the caller's grants covers the requirement. Deny by default: without grants, never. */
export function isAllowed(caller: Caller, { role, project, broker }: Requirement): boolean {
  return caller.grants.some(
    (grant) =>
      roleCovers(grant.role, role) &&
      (project === undefined || grant.project === '*' || grant.project === project) &&
      (broker === undefined || grant.brokers === undefined || grant.brokers.includes(broker)),
  );
}
