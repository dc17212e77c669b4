import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { Client } from 'aedes';
import { SessionStore } from '../broker/sessions/session-store.js';
import { SubscriptionLimit } from '../broker/subscription-limit.js';
import { ClientOperations } from './client-operations.js';
import { ClientTable } from './client-table.js';
import { DisconnectReasons } from './disconnect-reasons.js';

const SUBSCRIPTION = {
  topic: 't',
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  sendRetain: 'always',
} as const;

describe('an operation on a client that disconnects meanwhile', () => {
  it.each([
    ['subscribe', (operations: ClientOperations) => operations.subscribe('c', SUBSCRIPTION)],
    ['unsubscribe', (operations: ClientOperations) => operations.unsubscribe('c', 't')],
  ])('does not wait for ever: %s', async (_, start) => {
    const conn = new Duplex({ read: () => undefined });
    // aedes never calls back when the client closes at this moment.
    const silent = { id: 'c', closed: false, clean: true, subscriptions: {}, conn };
    const connection = {
      ...silent,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
    } as unknown as Client;
    const observer = { connected: () => undefined, disconnected: () => undefined };
    const clients = new ClientTable(new SessionStore(), observer);
    clients.add(connection, false);
    const running = start(new ClientOperations(clients, new DisconnectReasons(), new SubscriptionLimit()));
    setImmediate(() => conn.destroy());
    await expect(running).rejects.toThrow('Client not found');
    expect(conn.listenerCount('close')).toBe(0);
  });
});
