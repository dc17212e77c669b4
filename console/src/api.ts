import { ApiError, createClient, type ClientQuery } from '@mqtt-client-control/client';
import { currentToken } from './identity/identity.js';
import { ROOT } from './settings.js';
import { refusal, token } from './session.js';

/** The API, called as whoever is signed in: the one place where the console calls it. */
export const api = createClient({
  url: ROOT,
  token: currentToken,
  fetch: async (input, init) => {
    const asked = token.value;
    const response = await fetch(input, { ...init, cache: 'no-store' });
    // What is on the page stays; the shell asks for another token.
    if (response.status === 401 && token.value === asked) {
      const answer = (await response
        .clone()
        .json()
        .catch(() => undefined)) as { message?: string } | undefined;
      refusal.value = answer?.message ?? 'The token was refused.';
    }
    return response;
  },
});

export { ApiError };
export type {
  BrokerInfo,
  CallerInfo,
  ClientInfo,
  FoundClientInfo,
  NotAnsweredBroker,
  ProjectInfo,
} from '@mqtt-client-control/client';
export type { ClientQuery };
