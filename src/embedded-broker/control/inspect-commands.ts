import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeClient, summarizeClient } from './client-description.js';
import { CommandError } from './command-error.js';
import { readBoolean, readClientId, readInteger } from './command-fields.js';
import type { ConnectedClients } from '../broker/connected-clients.js';
import type { CommandHandler } from './control-endpoint.js';

/** After how many clients of a list others get their turn. */
const CLIENTS_PER_TURN = 500;

/** The commands of the inspect API, about the clients that are connected to this broker. */
export function inspectCommands(clients: ConnectedClients): Record<string, CommandHandler> {
  return {
    listClients: async (fields) => {
      const describe = readBoolean(fields, 'verbose') ? describeClient : summarizeClient;
      const offset = readInteger(fields, 'offset', 0, 0);
      const count = readInteger(fields, 'count', -1, -1);
      const totalCount = clients.size;
      const encoded = await encodeInTurns(clients.page(offset, count), (client) =>
        JSON.stringify(describe(client)),
      );
      return `{"totalCount":${totalCount},"clients":[${encoded}]}`;
    },

    getClient: (fields) => {
      const client = clients.get(readClientId(fields));
      if (client === undefined) throw new CommandError('Client not found');
      return JSON.stringify(describeClient(client));
    },
  };
}

/** The entries as the inside of a JSON array. A long list does not hold the event loop. */
async function encodeInTurns<T>(entries: readonly T[], encode: (entry: T) => string): Promise<string> {
  const parts: string[] = [];
  for (let start = 0; start < entries.length; start += CLIENTS_PER_TURN) {
    if (start > 0) await nextTurn();
    parts.push(
      entries
        .slice(start, start + CLIENTS_PER_TURN)
        .map(encode)
        .join(','),
    );
  }
  return parts.join(',');
}
