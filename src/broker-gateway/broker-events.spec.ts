import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BrokerEvent } from './broker-event.js';
import { BrokerEvents } from './broker-events.js';
import type { ExtensionInfo } from './protocol/extension.js';

const event = (clientid: string): Record<string, unknown> => ({ type: 'connected', time: 1, clientid });

describe('the events of a broker', () => {
  /** What the broker says that it has counted. */
  let counted = 0;
  let told: BrokerEvent[];
  let events: BrokerEvents;

  beforeEach(async () => {
    jest.useFakeTimers();
    counted = 0;
    told = [];
    const extension = { features: { events: true } } as unknown as ExtensionInfo;
    events = new BrokerEvents(
      () => Promise.resolve({ sequence: counted }),
      () => extension,
    );
    events.subscribe((each) => told.push(each));
    await jest.advanceTimersByTimeAsync(0);
  });
  afterEach(() => {
    events.close();
    jest.useRealTimers();
  });

  const gaps = (): BrokerEvent[] => told.filter(({ kind }) => kind === 'gap');

  it('have no gap for those that are on their way while the lease is renewed', async () => {
    events.onEvents({ events: [event('a')], sequence: 1, missed: 0 });
    counted = 3;
    await jest.advanceTimersByTimeAsync(25_000);
    events.onEvents({ events: [event('b'), event('c')], sequence: 3, missed: 0 });
    events.onEvents({ events: [event('d')], sequence: 4, missed: 0 });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(gaps()).toEqual([]);
    expect(told).toHaveLength(4);
  });

  it('have one for those that do not come', async () => {
    events.onEvents({ events: [event('a')], sequence: 1, missed: 0 });
    counted = 3;
    await jest.advanceTimersByTimeAsync(29_000);
    expect(gaps()).toEqual([{ kind: 'gap', missed: 2 }]);
    events.onEvents({ events: [event('d')], sequence: 4, missed: 0 });
    expect(gaps()).toHaveLength(1);
  });

  it('have one at once for those that were missed while the connection was down', async () => {
    events.onEvents({ events: [event('a')], sequence: 1, missed: 0 });
    counted = 5;
    events.onDescribed();
    await jest.advanceTimersByTimeAsync(0);
    expect(gaps()).toEqual([{ kind: 'gap', missed: 4 }]);
  });

  it('have one where a message says so, or does not follow the one before', () => {
    events.onEvents({ events: [event('a')], sequence: 1, missed: 0 });
    events.onEvents({ events: [event('d')], sequence: 4, missed: 2 });
    events.onEvents({ events: [event('g')], sequence: 7, missed: 0 });
    expect(gaps()).toEqual([
      { kind: 'gap', missed: 2 },
      { kind: 'gap', missed: 2 },
    ]);
  });
});
