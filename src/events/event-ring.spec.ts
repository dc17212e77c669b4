import { describe, expect, it } from '@jest/globals';
import { EventRing, type ServiceEvent } from './event-ring.js';

const event = (data = '{}'): ServiceEvent => ({
  type: 'control',
  project: 'p',
  broker: 'b',
  clientid: 'c',
  data,
});

describe('the ring of events', () => {
  it('numbers events from 1 on, and finds them by number', () => {
    const ring = new EventRing();
    ring.add(event('1'));
    ring.add(event('2'));
    expect([ring.first, ring.next]).toEqual([1, 3]);
    expect(ring.get(2)?.data).toBe('2');
    expect(ring.get(3)).toBeUndefined();
  });

  it('keeps a bounded number of events, the latest', () => {
    const ring = new EventRing();
    for (let number = 1; number <= 100_000; number += 1) ring.add(event(String(number)));
    expect(ring.next).toBe(100_001);
    expect(ring.next - ring.first).toBeLessThanOrEqual(20_000);
    expect(ring.get(100_000)?.data).toBe('100000');
    expect(ring.get(ring.first)?.data).toBe(String(ring.first));
    expect(ring.get(ring.first - 1)).toBeUndefined();
  });

  it('keeps a bounded number of bytes, however long the ids of devices are', () => {
    const ring = new EventRing();
    for (let number = 0; number < 1000; number += 1) ring.add(event('x'.repeat(65_535)));
    expect((ring.next - ring.first) * 65_535).toBeLessThanOrEqual(16_777_216);
  });

  it('calls back once, a turn after an event, unless that is taken back', async () => {
    const ring = new EventRing();
    let calls = 0;
    ring.whenNew(1, () => (calls += 1));
    const takeBack = ring.whenNew(1, () => (calls += 100));
    takeBack();
    ring.add(event());
    ring.add(event());
    expect(calls).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
  });

  it('has another name in every run', () => {
    expect(new EventRing().run).not.toBe(new EventRing().run);
  });
});
