import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BrokerEvent } from './broker-event.js';
import { BrokerEvents } from './broker-events.js';
import type { BrokerStatus } from './connection/broker-status.js';
import type { ExtensionInfo } from './protocol/extension.js';

const event = (clientid: string): Record<string, unknown> => ({ type: 'connected', time: 1, clientid });

const STATUS = { state: 'connected' } as BrokerStatus;

describe('the events of a broker', () => {
  /** What the broker says that it has counted. */
  let counted = 0;
  /** And in which run; one from before there were names says none. */
  let run: string | undefined;
  let isRefused = false;
  let told: BrokerEvent[];
  let events: BrokerEvents;

  beforeEach(async () => {
    jest.useFakeTimers();
    counted = 0;
    run = 'one';
    isRefused = false;
    told = [];
    const extension = { features: { events: true } } as unknown as ExtensionInfo;
    events = new BrokerEvents(
      () => (isRefused ? Promise.reject(new Error('busy')) : Promise.resolve({ sequence: counted, run })),
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
    events.onDescribed(STATUS);
    await jest.advanceTimersByTimeAsync(0);
    expect(gaps()).toEqual([{ kind: 'gap', missed: 4 }]);
  });

  it('have one without a number where another run of the broker has counted as many', async () => {
    events.onEvents({ events: [event('a')], sequence: 1, missed: 0 });
    counted = 1;
    run = 'two';
    events.onDescribed(STATUS);
    await jest.advanceTimersByTimeAsync(0);
    expect(gaps()).toEqual([{ kind: 'gap', missed: undefined }]);
    // The events of this run are counted, too.
    counted = 3;
    events.onDescribed(STATUS);
    await jest.advanceTimersByTimeAsync(0);
    expect(gaps().slice(1)).toEqual([{ kind: 'gap', missed: 2 }]);
  });

  it('have one without a number after each connect to a broker that does not name its run', async () => {
    run = undefined;
    for (counted of [1, 1]) {
      events.onDescribed(STATUS);
      await jest.advanceTimersByTimeAsync(0);
    }
    expect(gaps()).toEqual([
      { kind: 'gap', missed: undefined },
      { kind: 'gap', missed: undefined },
    ]);
  });

  it('have none after a connect without any that was missed', async () => {
    events.onEvents({ events: [event('a')], sequence: 1, missed: 0 });
    counted = 1;
    events.onDescribed(STATUS);
    await jest.advanceTimersByTimeAsync(0);
    expect(gaps()).toEqual([]);
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

  it('have one where they begin later than the listener', async () => {
    let described: ExtensionInfo | null = null;
    const late = new BrokerEvents(
      () => Promise.resolve({ sequence: counted, run }),
      () => described,
    );
    late.subscribe((each) => told.push(each));
    counted = 7;
    described = { features: { events: true } } as unknown as ExtensionInfo;
    late.onDescribed(STATUS);
    await jest.advanceTimersByTimeAsync(0);
    expect(gaps()).toEqual([{ kind: 'gap', missed: undefined }]);
    late.close();
  });

  it('have one where the lease of a new connection was refused at first, whatever the broker has counted', async () => {
    events.onEvents({ events: [event('a')], sequence: 1, missed: 0 });
    isRefused = true;
    events.onDescribed(STATUS);
    await jest.advanceTimersByTimeAsync(0);
    isRefused = false;
    run = 'two';
    await jest.advanceTimersByTimeAsync(30_000);
    expect(gaps()).toEqual([{ kind: 'gap', missed: undefined }]);
  });
});
