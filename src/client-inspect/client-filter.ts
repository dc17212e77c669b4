import type { ClientFields } from './client-answers.js';
import { matcherOf } from './glob.js';

/** Which clients to list; what is absent does not restrict. */
export interface ClientFilter {
  /** A glob over the client id. */
  readonly clientid?: string;
  /** The exact user name; `<anonymous>` for clients without one. */
  readonly username?: string;
  readonly connected?: boolean;
}

/**
 * Makes the test for a filter; undefined for a filter that lets every client through.
 * A client whose broker leaves out a field does not match a filter on that field.
 */
export function toClientTest({
  clientid,
  username,
  connected,
}: ClientFilter): ((client: ClientFields) => boolean) | undefined {
  if (clientid === undefined && username === undefined && connected === undefined) return undefined;
  const matchesId = clientid === undefined ? undefined : matcherOf(clientid);
  return (client) =>
    (username === undefined || client.username === username) &&
    (connected === undefined || client.connected === connected) &&
    (matchesId === undefined || (typeof client.clientid === 'string' && matchesId(client.clientid)));
}
