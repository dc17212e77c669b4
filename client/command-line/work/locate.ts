import type { Session } from '../service/session.js';
import { literalPattern } from './selection-options.js';

/** A broker of a project. */
export interface Place {
  readonly projectId: string;
  readonly brokerId: string;
}

/** The brokers that know a client: the one that was named, or wherever in the project, or anywhere, it is. */
export async function locate(session: Session, clientid: string): Promise<readonly Place[]> {
  const { project, broker } = session.connection;
  if (broker !== undefined) return [{ projectId: await session.project(), brokerId: broker }];
  const query = { clientid: literalPattern(clientid), fields: 'clientid' };
  const list = session.client.clients({ projectId: project }, query, session.signal);
  const places: Place[] = [];
  for await (const found of list)
    if (found.clientid === clientid) places.push({ projectId: found.project, brokerId: found.broker });
  session.tellNotAnswered(list.end?.notAnswered ?? []);
  if (places.length === 0) session.terminal.say(`no broker knows the client ${clientid}`);
  return places;
}
