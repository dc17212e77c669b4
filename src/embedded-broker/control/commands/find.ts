import { compileClientFilter, type CompiledClientFilter } from '../../../mqtt-strings/client-filter.js';
import { LIMITS } from '../../broker/sessions/limits.js';
import type { ClientTable } from '../../clients/client-table.js';
import { clientNotFound, invalidField } from '../../clients/command-error.js';
import type { KnownClient } from '../../clients/known-client.js';
import { CLIENT_FIELDS, clientInFull, clientWithSubscriptions, SUMMARY_FIELDS } from '../client-views.js';
import {
  readBoolean,
  readClientId,
  readFilter,
  readLimit,
  readNumberCursor,
  refuseUnknown,
} from '../command-fields.js';
import type { BrokerCommand } from '../controlled-broker.js';

/** The clients that a filter matches, in the order in which they became known, page by page; a page ends early when it is long. */
export const listClients: BrokerCommand = async ({ fields }, { clients }) => {
  refuseUnknown(fields, ['filter', 'fields', 'verbose', 'limit', 'cursor']);
  const filter = readFilter(fields, 'filter');
  const view = viewOf(readFieldNames(fields.fields), readBoolean(fields, 'verbose'), clients);
  const limit = readLimit(fields);
  const after = readNumberCursor(fields) ?? 0;
  const encoded: string[] = [];
  let last = after;
  let cursor: string | null = null;
  let characters = 0;
  for await (const client of matching(clients, filter && compileClientFilter(filter), after)) {
    if (encoded.length === limit || characters >= LIMITS.replyCharacters) {
      cursor = String(last);
      break;
    }
    const text = JSON.stringify(view(client));
    encoded.push(text);
    characters += text.length;
    last = client.place;
  }
  return `{"clients":[${encoded.join(',')}],"cursor":${JSON.stringify(cursor)},"totalCount":${clients.size}}`;
};

/** One client in full, with its subscriptions. */
export const getClient: BrokerCommand = ({ fields }, { clients }) => {
  refuseUnknown(fields, ['clientid']);
  const client = clients.get(readClientId(fields));
  if (client === undefined) throw clientNotFound();
  return clientWithSubscriptions(client, clients);
};

/** The clients after a place that a filter matches. */
export async function* matching(
  clients: ClientTable,
  filter: CompiledClientFilter | undefined,
  after: number,
): AsyncGenerator<KnownClient, void> {
  if (filter?.onlyClientId !== undefined) {
    const client = clients.get(filter.onlyClientId);
    if (client !== undefined && client.place > after && filter.matches(client.summary)) yield client;
    return;
  }
  yield* clients.after(after, (client) => filter === undefined || filter.matches(client.summary));
}

function readFieldNames(names: unknown): readonly string[] | undefined {
  if (names === undefined) return undefined;
  if (!Array.isArray(names) || names.length > CLIENT_FIELDS.size) throw invalidField('fields');
  return names.map((name: unknown) => {
    if (typeof name !== 'string' || !CLIENT_FIELDS.has(name)) throw invalidField('fields');
    return name;
  });
}

/** What a list shows of a client. */
function viewOf(
  names: readonly string[] | undefined,
  isVerbose: boolean,
  clients: ClientTable,
): (client: KnownClient) => object {
  if (names === undefined)
    return isVerbose ? (client) => clientInFull(client, clients) : ({ summary }) => summary;
  const needsSubscriptions = names.some((name) => name.startsWith('subscriptions'));
  const needsAll = names.some((name) => !SUMMARY_FIELDS.has(name));
  return (client) => {
    const whole: Readonly<Record<string, unknown>> = needsSubscriptions
      ? clientWithSubscriptions(client, clients)
      : needsAll
        ? clientInFull(client, clients)
        : { ...client.summary };
    return Object.fromEntries(['clientid', ...names].map((name) => [name, whole[name]]));
  };
}
