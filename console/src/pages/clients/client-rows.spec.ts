import { beforeEach, describe, expect, it } from '@jest/globals';
import type { FoundClientInfo, ServiceEvent } from '@mqtt-client-control/client';
import { ClientRows } from './client-rows.js';

const client = (clientid: string, more: Partial<FoundClientInfo> = {}): FoundClientInfo => ({
  project: 'p',
  broker: 'b',
  clientid,
  connected: true,
  lastConnect: 1000,
  ...more,
});

const event = (type: 'client.connected' | 'client.disconnected', clientid: string): ServiceEvent => ({
  type,
  time: '2026-11-26T10:00:00.000Z',
  project: 'p',
  broker: 'b',
  clientid,
  address: '10.0.0.1',
});

const AT = Date.parse('2026-11-26T10:00:00.000Z');

describe('the rows of clients', () => {
  let rows: ClientRows;
  const ids = () => rows.all.map(({ clientid }) => clientid);
  beforeEach(() => {
    rows = new ClientRows();
    rows.add([client('c'), client('a'), client('b')]);
  });

  it('stay where they are when a client goes, and are marked for some seconds', () => {
    expect(rows.apply(event('client.disconnected', 'a'), {}, AT)).toBe(true);
    expect(ids()).toEqual(['c', 'a', 'b']);
    expect(rows.get('b/a')).toMatchObject({ connected: false, lastConnect: 1000, lastDisconnect: AT });
    expect(rows.markOf(client('a'), AT + 7000)).toBe('gone');
    expect(rows.markOf(client('a'), AT + 8000)).toBeUndefined();
  });

  it('get what comes at their end, if it matches', () => {
    rows.sort({ by: 'clientid', down: false });
    expect(rows.apply(event('client.connected', 'a0'), {}, AT)).toBe(true);
    expect(rows.apply(event('client.connected', 'x'), { clientid: 'y*' }, AT)).toBe(false);
    expect(ids()).toEqual(['a', 'b', 'c', 'a0']);
    expect(rows.unsorted).toBe(1);
    rows.sort({ by: 'clientid', down: true });
    expect(ids()).toEqual(['c', 'b', 'a0', 'a']);
    expect(rows.unsorted).toBe(0);
  });

  it('say nothing of a stranger that goes', () => {
    expect(rows.apply(event('client.disconnected', 'x'), {}, AT)).toBe(false);
  });

  it('hold a client once, also when it is read after an event told of it', () => {
    rows.apply(event('client.connected', 'new'), {}, AT);
    rows.add([client('new', { numSubscriptions: 3 })]);
    expect(ids()).toEqual(['c', 'a', 'b', 'new']);
    expect(rows.get('b/new')).toMatchObject({ numSubscriptions: 3 });
  });

  it('are found again after sorting', () => {
    rows.sort({ by: 'clientid', down: false });
    rows.apply(event('client.disconnected', 'c'), {}, AT);
    expect(rows.all[2]).toMatchObject({ clientid: 'c', connected: false });
  });
});
