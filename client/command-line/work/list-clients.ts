import { CutOffError, type ClientQuery, type Whereabouts } from '../../src/index.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../service/session.js';
import { CLIENT_COLUMNS } from './client-columns.js';

/** Writes clients as they come in, however many, and names the brokers that did not tell. */
export async function listClients(
  session: Session,
  where: Whereabouts,
  query: ClientQuery,
): Promise<ExitCode> {
  const list = session.client.clients(where, query, session.signal);
  const records = session.records(CLIENT_COLUMNS);
  try {
    for await (const clients of list.pages()) await records.addAll(clients);
  } catch (error) {
    if (!(error instanceof CutOffError)) throw error;
    await records.end();
    session.terminal.say('the list was cut off: there are more');
    return EXIT.someFailed;
  }
  await records.end();
  const isComplete = session.tellNotAnswered(list.end?.notAnswered ?? []);
  if (records.count === 0 && session.format === 'table') session.terminal.say('no client matches');
  if (list.end?.truncated === true)
    session.terminal.say(`these are the first ${records.count}; there are more`);
  return isComplete ? EXIT.allDone : EXIT.someFailed;
}
