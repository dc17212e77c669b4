import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { Client } from 'aedes';
import { ConnectedClients } from '../broker/connected-clients.js';
import { inspectCommands } from './inspect-commands.js';

interface ClientList {
  readonly totalCount: number;
  readonly clients: readonly { readonly clientid: string }[];
}

const CONNECTION = new Duplex();

/** What the registry reads of an aedes client. */
function clientWith(id: string): Client {
  const client = { id, version: 4, clean: true, closed: false, conn: CONNECTION, subscriptions: {} };
  return client as unknown as Client;
}

function clientsWith(ids: readonly string[]): ConnectedClients {
  const clients = new ConnectedClients();
  for (const id of ids) clients.add(clientWith(id));
  return clients;
}

async function list(clients: ConnectedClients, fields: Record<string, unknown>): Promise<ClientList> {
  return JSON.parse((await inspectCommands(clients).listClients?.(fields)) ?? '') as ClientList;
}

describe('listClients', () => {
  const clients = clientsWith(['e', 'd', 'c', 'b', 'a']);

  it.each([
    [{}, ['e', 'd', 'c', 'b', 'a']],
    [{ count: -1 }, ['e', 'd', 'c', 'b', 'a']],
    [{ count: -1, offset: 3 }, ['b', 'a']],
    [{ count: 2 }, ['e', 'd']],
    [{ count: 2, offset: 4 }, ['a']],
    [{ count: 2, offset: 5 }, []],
    [{ count: 0 }, []],
  ])('%j gives a page in the order of connection, and the total', async (fields, ids) => {
    const { clients: page, totalCount } = await list(clients, fields);
    expect(page.map(({ clientid }) => clientid)).toEqual(ids);
    expect(totalCount).toBe(5);
  });

  it('names the wrong field', async () => {
    for (const [name, value] of Object.entries({ verbose: 1, count: -2, offset: -1 })) {
      await expect(list(clients, { [name]: value })).rejects.toThrow(`Invalid/missing ${name}`);
    }
  });

  it('shows a client again at the end when it connected again', async () => {
    const reconnected = clientsWith(['a', 'b', 'a']);
    expect((await list(reconnected, {})).clients.map(({ clientid }) => clientid)).toEqual(['b', 'a']);
  });

  it('gives others their turn while it lists 100,000 clients', async () => {
    const many = clientsWith(Array.from({ length: 100_000 }, (_, index) => `client-${index}`));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      pending = setImmediate(count);
    };
    let pending = setImmediate(count);
    const { clients: all } = await list(many, { verbose: true });
    clearImmediate(pending);
    expect(all).toHaveLength(100_000);
    expect(turns).toBeGreaterThan(100);
  });
});

describe('the connected clients', () => {
  it('keep a client whose id an older connection gives up', () => {
    const older = clientWith('a');
    const clients = new ConnectedClients();
    clients.add(older);
    clients.add(clientWith('a'));
    clients.remove(older);
    expect(clients.get('a')).toBeDefined();
  });

  it('do not give a client that is being disconnected', () => {
    const client = clientWith('a');
    const clients = new ConnectedClients();
    clients.add(client);
    Object.assign(client, { closed: true });
    expect(clients.get('a')).toBeUndefined();
  });

  it.each(['__proto__', 'constructor'])('may be called %s', (id) => {
    const clients = new ConnectedClients();
    expect(clients.get(id)).toBeUndefined();
    clients.add(clientWith(id));
    expect(clients.get(id)?.clientId).toBe(id);
  });
});
