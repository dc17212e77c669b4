import { describe, expect, it } from '@jest/globals';
import { EventRing } from './event-ring.js';
import type { EventView } from './event-view.js';
import { EventWriter } from './event-writer.js';

const ALL: EventView = { key: 'all', isWanted: () => true, isAdminOf: () => false };

function ringOf(count: number, data: (number: number) => string = String): EventRing {
  const ring = new EventRing();
  for (let number = 1; number <= count; number += 1)
    ring.add({ type: 'control', project: 'p', broker: 'b', clientid: `c${number}`, data: data(number) });
  return ring;
}

describe('the writer of events', () => {
  it('writes a message for each event that is wanted, and where to go on', () => {
    const ring = ringOf(3);
    const view: EventView = { ...ALL, key: 'odd', isWanted: ({ data }) => Number(data) % 2 === 1 };
    const { bytes, next, isCut } = new EventWriter(ring).chunkAt(1, view);
    expect(bytes?.toString()).toBe(
      `id: ${ring.run}.1\nevent: control\ndata: 1\n\nid: ${ring.run}.3\nevent: control\ndata: 3\n\n`,
    );
    expect([next, isCut]).toEqual([4, false]);
  });

  it('writes once for listeners of equal views, and apart for others', () => {
    let looks = 0;
    const view = (key: string): EventView => ({ ...ALL, key, isWanted: () => (looks += 1) > 0 });
    const writer = new EventWriter(ringOf(3));
    const one = writer.chunkAt(1, view('same'));
    expect(writer.chunkAt(1, view('same')).bytes).toBe(one.bytes);
    expect(looks).toBe(3);
    expect(writer.chunkAt(1, view('another')).bytes).not.toBe(one.bytes);
    expect(writer.chunkAt(2, view('same')).bytes).not.toBe(one.bytes);
  });

  it('tells who did it to admins only, also where both listen', () => {
    const ring = new EventRing();
    ring.add({
      type: 'control',
      project: 'p',
      broker: 'b',
      clientid: 'c',
      data: '{}',
      adminData: '{"caller":"mallory"}',
    });
    const writer = new EventWriter(ring);
    const admin: EventView = { ...ALL, key: 'admin', isAdminOf: () => true };
    expect(writer.chunkAt(1, admin).bytes?.toString()).toContain('mallory');
    expect(writer.chunkAt(1, ALL).bytes?.toString()).not.toContain('mallory');
  });

  it('cuts what is long', () => {
    const writer = new EventWriter(ringOf(2000, () => 'x'.repeat(1000)));
    const { bytes, next, isCut } = writer.chunkAt(1, ALL);
    expect(bytes?.length).toBeLessThan(70_000);
    expect(next).toBeLessThan(100);
    expect(isCut).toBe(true);
  });

  it('keeps a bounded number of bytes, whatever listeners ask for', () => {
    const writer = new EventWriter(ringOf(1000, () => 'x'.repeat(1000)));
    for (let view = 0; view < 1000; view += 1) writer.chunkAt(1, { ...ALL, key: String(view) });
    expect(writer.keptBytes).toBeLessThanOrEqual(8_388_608);
  });
});
