import type { Whereabouts } from '../../src/index.js';
import type { Session } from '../service/session.js';
import { literalPattern } from './selection-options.js';

/** A broker of a project. */
export interface Place {
  readonly projectId: string;
  readonly brokerId: string;
}

/** Where a client is. */
export interface Located {
  readonly places: readonly Place[];
  /** Whether all brokers told; those that did not may know it, too. */
  readonly isComplete: boolean;
}

/** Looks for the brokers that know a client, and says which of them did not answer, and whether none does. */
export async function locate(session: Session, clientid: string, where: Whereabouts): Promise<Located> {
  const query = { clientid: literalPattern(clientid), fields: 'clientid' };
  const list = session.client.clients(where, query, session.signal);
  const places: Place[] = [];
  for await (const found of list)
    if (found.clientid === clientid) places.push({ projectId: found.project, brokerId: found.broker });
  const isComplete = session.tellNotAnswered(list.end?.notAnswered ?? []);
  if (places.length === 0)
    session.terminal.say(
      isComplete
        ? `no broker knows the client ${clientid}`
        : `the client ${clientid} is not on the brokers that answered, if any did`,
    );
  return { places, isComplete };
}
