import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import { ConfigStore } from '../config/config-store.js';
import { parseConfig } from '../config/parse-config.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { EventHub } from './event-hub.js';

const CONFIG = JSON.stringify({ projects: [{ id: 'p', brokers: [] }], auth: { tokens: [] } });
const REF = { projectId: 'p', brokerId: 'b' };

describe('the hub of events', () => {
  let hub: EventHub;

  beforeEach(() => {
    jest.useFakeTimers();
    const config = new ConfigStore(parseConfig(CONFIG, 'the test', '.', {}));
    hub = new EventHub(new BrokerGateway(config), new MetricsRegistry());
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Somebody listens for a moment, and comes back later. @returns what a listener that comes back is told first */
  function comeBackAfter(ms: number): unknown[] {
    hub.watch(REF)();
    const { next } = hub.ring;
    jest.advanceTimersByTime(ms);
    hub.watch(REF)();
    return Array.from({ length: hub.ring.next - next }, (_, at) => {
      const event = hub.ring.get(next + at);
      return [event?.type, event?.broker, (JSON.parse(event?.data ?? '') as { missed?: unknown }).missed];
    });
  }

  it('watches a broker for a minute after its last listener has gone', () => {
    expect(comeBackAfter(59_000)).toEqual([]);
  });

  it('has a gap where nobody watched a broker for longer', () => {
    expect(comeBackAfter(61_000)).toEqual([['gap', 'b', null]]);
  });

  it('lets the first listener begin behind that gap', () => {
    hub.watch(REF);
    const { next } = hub.ring;
    hub.watch(REF);
    expect(hub.ring.next).toBe(next);
  });
});
