import { isAllowed, type Caller } from '../access/caller.js';
import type { Role } from '../access/role.js';
import { compileGlob } from '../mqtt-strings/glob.js';
import type { EventType, ServiceEvent } from './event-ring.js';

/** What a listener may see, and wants to. Listeners of equal views share the bytes that they are sent. */
export interface EventView {
  /** The same for equal views, and for no others. */
  readonly key: string;
  readonly isWanted: (event: ServiceEvent) => boolean;
  /** Whether to tell the listener who did it. */
  readonly isAdminOf: (event: ServiceEvent) => boolean;
}

/** What a listener asks for. */
export interface Wanted {
  readonly project: string;
  /** Undefined: all of the project that the caller may see. */
  readonly broker: string | undefined;
  /** A glob. */
  readonly clientid: string | undefined;
  readonly types: ReadonlySet<EventType> | undefined;
}

/**
 * What of the wanted a caller is told. What concerns all brokers of the project is for grants on all of them: it may say what
 * was done on any.
 */
export function viewOf({ project, broker, clientid, types }: Wanted, caller: Caller): EventView {
  const glob = clientid === undefined ? undefined : compileGlob(clientid);
  const onAllBrokers = { ...caller, grants: caller.grants.filter((grant) => grant.brokers === undefined) };
  const isFor = (role: Role, event: ServiceEvent): boolean =>
    isAllowed(event.broker === undefined ? onAllBrokers : caller, { role, project, broker: event.broker });
  return {
    key: JSON.stringify([project, broker, clientid, types && [...types].sort(), caller.grants]),
    isWanted(event) {
      if (event.project !== project) return false;
      if (broker !== undefined && event.broker !== undefined && event.broker !== broker) return false;
      if (types !== undefined && event.type !== 'gap' && !types.has(event.type)) return false;
      if (glob !== undefined && event.type !== 'gap') {
        if (event.clientid === undefined || !glob.matches(event.clientid)) return false;
      }
      return isFor(event.isControl === true ? 'editor' : 'viewer', event);
    },
    isAdminOf: (event) => isFor('admin', event),
  };
}
