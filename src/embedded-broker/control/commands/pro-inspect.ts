import { LIMITS } from '../../broker/sessions/limits.js';
import { Turn } from '../../broker/turn.js';
import { clientNotFound } from '../../clients/command-error.js';
import { clientWithTopics } from '../client-views.js';
import { readBoolean, readClientId, readInteger } from '../command-fields.js';
import type { BrokerCommand } from '../controlled-broker.js';

/** A page of the clients in the order in which they became known, those included whose session stays. */
export const proListClients: BrokerCommand = async ({ fields }, { clients }) => {
  const isVerbose = readBoolean(fields, 'verbose');
  const offset = readInteger(fields, 'offset', { minimum: 0, fallback: 0 });
  const count = readInteger(fields, 'count', { minimum: -1, fallback: -1 });
  const totalCount = clients.size;
  const encoded: string[] = [];
  let characters = 0;
  // A long list does not hold the event loop.
  const turn = new Turn();
  for (const client of clients.page(offset, count)) {
    if (turn.isOver) await turn.next();
    // A page may be shorter than asked for; the next one begins where it ends.
    if (count !== -1 && characters >= LIMITS.replyCharacters) break;
    const text = JSON.stringify(isVerbose ? clientWithTopics(client, clients) : client.summary);
    encoded.push(text);
    characters += text.length;
  }
  return `{"totalCount":${totalCount},"clients":[${encoded.join(',')}]}`;
};

export const proGetClient: BrokerCommand = ({ fields }, { clients }) => {
  const client = clients.get(readClientId(fields));
  if (client === undefined) throw clientNotFound();
  return clientWithTopics(client, clients);
};
