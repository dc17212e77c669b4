import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { Client } from 'aedes';
import { LIMITS } from '../broker/sessions/limits.js';
import { SessionStore } from '../broker/sessions/session-store.js';
import { ClientTable } from './client-table.js';

const CONNECTION = new Duplex();

/** What the table reads of an aedes client. */
function clientWith(id: string, clean = true): Client {
  return { id, version: 4, clean, closed: false, conn: CONNECTION, subscriptions: {} } as unknown as Client;
}

class Told {
  readonly events: string[] = [];
  connected({ clientId }: { clientId: string }): void {
    this.events.push(`+${clientId}`);
  }
  disconnected({ clientId }: { clientId: string }): void {
    this.events.push(`-${clientId}`);
  }
}

function newTable(told = new Told()): ClientTable {
  return new ClientTable(new SessionStore(), told);
}

function tableWith(ids: readonly string[]): ClientTable {
  const clients = newTable();
  for (const id of ids) clients.add(clientWith(id), false);
  return clients;
}

function leave(clients: ClientTable, connection: Client): void {
  Object.assign(connection, { closed: true });
  clients.remove(connection);
}

async function idsAfter(clients: ClientTable, place: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { clientId } of clients.after(place)) ids.push(clientId);
  return ids;
}

describe('the client table', () => {
  it('lists clients page by page in the order in which they became known', () => {
    const clients = tableWith(['e', 'd', 'c', 'b', 'a']);
    const page = (offset: number, count: number): string[] =>
      clients.page(offset, count).map(({ clientId }) => clientId);
    expect(page(0, -1)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(page(3, -1)).toEqual(['b', 'a']);
    expect(page(0, 2)).toEqual(['e', 'd']);
    expect(page(4, 2)).toEqual(['a']);
    expect(page(5, 2)).toEqual([]);
    expect(page(0, 0)).toEqual([]);
    expect(clients.size).toBe(5);
  });

  it('keeps the place of a client that connects again, so that no page shifts', () => {
    const clients = tableWith(['a', 'b', 'a']);
    expect(clients.page(0, -1).map(({ clientId }) => clientId)).toEqual(['a', 'b']);
  });

  it('knows a client whose session stays, and forgets one whose session ends', () => {
    const clients = newTable();
    const [staying, leaving] = [clientWith('stays', false), clientWith('leaves')];
    for (const connection of [staying, leaving]) clients.add(connection, false);
    for (const connection of [staying, leaving]) leave(clients, connection);
    expect(clients.get('leaves')).toBeUndefined();
    expect(clients.get('stays')?.summary).toMatchObject({
      connected: false,
      lastDisconnect: expect.any(Number),
    });
    clients.add(clientWith('stays', true), false);
    expect(clients.get('stays')?.summary).toMatchObject({ connected: true, lastDisconnect: null });
  });

  it('keeps a client whose id an older connection gives up, and tells of both', () => {
    const told = new Told();
    const clients = newTable(told);
    const older = clientWith('a');
    clients.add(older, false);
    clients.add(clientWith('a'), false);
    leave(clients, older);
    expect(clients.get('a')?.connection).toBeDefined();
    expect(told.events).toEqual(['+a', '-a', '+a']);
  });

  it('tells once of a client that is forgotten while it goes', () => {
    const told = new Told();
    const clients = newTable(told);
    const connection = clientWith('a', false);
    const client = clients.add(connection, false);
    Object.assign(connection, { closed: true });
    clients.forget(client);
    clients.remove(connection);
    expect(told.events).toEqual(['+a', '-a']);
    expect(clients.size).toBe(0);
  });

  it('does not give the connection of a client that is being disconnected', () => {
    const connection = clientWith('a');
    const clients = newTable();
    clients.add(connection, false);
    Object.assign(connection, { closed: true });
    expect(clients.get('a')?.connection).toBeUndefined();
  });

  it('gives two connections of an id different times, also when one follows the other at once', () => {
    const clients = newTable();
    const times = new Set<number>();
    for (let round = 0; round < 50; round += 1) {
      const connection = clientWith('a', round % 3 === 0);
      times.add(clients.add(connection, false).summary.lastConnect);
      if (round % 2 === 0) leave(clients, connection);
    }
    expect(times.size).toBe(50);
  });

  it.each(['__proto__', 'constructor'])('may hold a client called %s', (id) => {
    const clients = newTable();
    expect(clients.get(id)).toBeUndefined();
    clients.add(clientWith(id), false);
    expect(clients.get(id)?.clientId).toBe(id);
  });

  it('walks over all that stay exactly once while others come and go', async () => {
    const clients = newTable();
    const connections = Array.from({ length: 30_000 }, (_, index) => clientWith(String(index)));
    for (const connection of connections) clients.add(connection, false);
    const seen: string[] = [];
    for await (const { clientId } of clients.after(0)) {
      seen.push(clientId);
      const index = Number(clientId);
      if (index % 10 !== 0) continue;
      // Some before and some behind it leave, in thousands, so that the table is tidied up meanwhile.
      for (const other of [index + 1, index + 3, index - 5]) {
        const connection = connections[other];
        if (connection !== undefined) leave(clients, connection);
      }
      if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const staying = connections.filter(({ closed }) => !closed).map(({ id }) => id);
    expect(new Set(seen).size).toBe(seen.length);
    expect(staying.filter((id) => !seen.includes(id)).slice(0, 3)).toEqual([]);
    expect(await idsAfter(clients, 29_000)).toEqual(staying.filter((id) => Number(id) >= 29_000));
  });

  it('lets others have their turn while it walks over 100,000 clients', async () => {
    const clients = tableWith(Array.from({ length: 100_000 }, (_, index) => `client-${index}`));
    let turns = 0;
    const count = (): void => {
      turns += 1;
      pending = setImmediate(count);
    };
    let pending = setImmediate(count);
    const ids = await idsAfter(clients, 0);
    clearImmediate(pending);
    expect(ids).toHaveLength(100_000);
    expect(turns).toBeGreaterThan(3);
  });

  it('keeps no more sessions of clients that are gone than it may: the one gone longest leaves', () => {
    const clients = newTable();
    for (let index = 0; index <= LIMITS.offlineSessions; index += 1) {
      const connection = clientWith(String(index), false);
      clients.add(connection, false);
      leave(clients, connection);
    }
    expect(clients.size).toBe(LIMITS.offlineSessions);
    expect(clients.get('0')).toBeUndefined();
    expect(clients.get('1')).toBeDefined();
    expect([...clients.sessions.shortages]).toEqual(['sessions']);
  });

  it('keeps no more bytes of their names than it may', () => {
    const clients = newTable();
    const name = 'x'.repeat(65_000);
    for (let index = 0; index < 1000; index += 1) {
      const connection = clientWith(`${index}-${name}`, false);
      clients.add(connection, false);
      leave(clients, connection);
    }
    expect(clients.size).toBeLessThan(LIMITS.offlineBytes / name.length);
  });
});
