import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Client } from 'aedes';
import { ClientEvents } from './client-events.js';
import { DisconnectReasons } from './disconnect-reasons.js';
import type { KnownClient } from './known-client.js';

interface Message {
  readonly events: { readonly clientid: string }[];
  readonly sequence: number;
  readonly missed: number;
}

function watcher(): Client & { conn: { writableLength: number } } {
  const conn = Object.assign(new EventEmitter(), { writableLength: 0 });
  return { id: 'watcher', closed: false, conn } as unknown as Client & { conn: { writableLength: number } };
}

function client(clientid: string): KnownClient {
  return { summary: { clientid, username: 'u' }, details: { cleanSession: true } } as unknown as KnownClient;
}

describe('client events', () => {
  let sent: Message[];
  let events: ClientEvents;

  beforeEach(() => {
    jest.useFakeTimers();
    sent = [];
    events = new ClientEvents(new DisconnectReasons(), (_, message) => {
      sent.push(JSON.parse(message) as Message);
    });
  });

  afterEach(() => {
    events.close();
    jest.useRealTimers();
  });

  it('are sent together after 100 ms, numbered by the last of them', () => {
    events.connected(client('before'));
    expect(events.watch(watcher(), 60)).toEqual({
      sequence: 1,
      run: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    events.connected(client('a'));
    events.connected(client('b'));
    jest.advanceTimersByTime(99);
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(sent).toMatchObject([{ events: [{ clientid: 'a' }, { clientid: 'b' }], sequence: 3, missed: 0 }]);
  });

  it('wait for a watcher that does not read: 10,000 of them, and it is told how many it missed', () => {
    const slow = watcher();
    events.watch(slow, 300);
    slow.conn.writableLength = 2 * 1024 * 1024;
    for (let index = 1; index <= 12_000; index += 1) events.connected(client(String(index)));
    jest.advanceTimersByTime(1000);
    expect(sent).toEqual([]);
    slow.conn.writableLength = 0;
    jest.advanceTimersByTime(5000);
    expect(sent.flatMap((message) => message.events)).toHaveLength(10_000);
    expect(sent.every(({ events: batch, missed }) => batch.length <= 200 && missed === 0)).toBe(true);
    events.connected(client('later'));
    jest.advanceTimersByTime(100);
    expect(sent.at(-1)).toMatchObject({ events: [{ clientid: 'later' }], sequence: 12_001, missed: 2000 });
  });

  it('of clients with the longest ids are sent in shorter messages, and fewer of them wait', () => {
    events.watch(watcher(), 60);
    for (let index = 0; index < 300; index += 1) events.connected(client('x'.repeat(65_535)));
    jest.advanceTimersByTime(1000);
    expect(sent.length).toBeGreaterThan(1);
    expect(Math.max(...sent.map((message) => message.events.length))).toBe(16);
    expect(sent.flatMap((message) => message.events).length).toBeLessThan(200);
  });

  it('end with the lease, which asking again prolongs', () => {
    const connection = watcher();
    events.watch(connection, 10);
    jest.advanceTimersByTime(9000);
    events.watch(connection, 10);
    jest.advanceTimersByTime(9000);
    events.connected(client('a'));
    jest.advanceTimersByTime(100);
    expect(sent).toHaveLength(1);
    jest.advanceTimersByTime(1000);
    events.connected(client('b'));
    jest.advanceTimersByTime(1000);
    expect(sent).toHaveLength(1);
  });

  it('end with the connection', () => {
    const connection = watcher();
    events.watch(connection, 60);
    connection.conn.emit('close');
    events.connected(client('a'));
    jest.advanceTimersByTime(1000);
    expect(sent).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
