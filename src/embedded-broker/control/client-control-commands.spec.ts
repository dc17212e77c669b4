import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { Client } from 'aedes';
import { clientControlCommands } from './client-control-commands.js';
import { ConnectedClients } from '../broker/connected-clients.js';

describe('a command on a client that disconnects meanwhile', () => {
  it.each(['subscribeClient', 'unsubscribeClient'])('does not wait for ever: %s', async (command) => {
    const conn = new Duplex({ read: () => undefined });
    // aedes never calls back when the client closes at this moment.
    const silent = { id: 'c', closed: false, clean: true, subscriptions: {}, conn };
    const client = {
      ...silent,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
    } as unknown as Client;
    const clients = new ConnectedClients();
    clients.add(client);
    const sessions = { withholdRetained: () => undefined, forgetSubscription: () => Promise.resolve() };
    const running = clientControlCommands(clients, sessions)[command]?.({ clientid: 'c', topic: 't' });
    conn.destroy();
    await expect(running).rejects.toThrow('Client not found');
    expect(conn.listenerCount('close')).toBe(0);
  });
});
