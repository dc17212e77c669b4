import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { EventRing } from './event-ring.js';
import { EventStream } from './event-stream.js';
import type { EventView } from './event-view.js';
import { EventWriter } from './event-writer.js';

const ALL: EventView = { key: 'all', isWanted: () => true, isAdminOf: () => false };

/** Counts how often somebody waits. */
class CountingRing extends EventRing {
  waits = 0;

  override whenNew(position: number, callback: () => void): () => void {
    this.waits += 1;
    return super.whenNew(position, callback);
  }

  put(data: string): void {
    this.add({ type: 'control', project: 'p', broker: 'b', clientid: 'c', data });
  }
}

function open(ring: EventRing, lastEventId?: string): EventStream {
  return new EventStream({ ring, writer: new EventWriter(ring) }, ALL, ': hello\n\n', lastEventId);
}

const messagesOf = (text: string): string[] => text.split('\n\n').filter((message) => message !== '');

describe('a stream of events', () => {
  it('waits once, however many events came one by one', async () => {
    const ring = new CountingRing();
    const stream = open(ring);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    for (let number = 0; number < 300; number += 1) {
      ring.put(String(number));
      await nextTurn();
      await nextTurn();
    }
    while (!text.includes('data: 299')) await nextTurn();
    stream.destroy();
    expect(messagesOf(text)).toHaveLength(301);
    expect(ring.waits).toBeLessThan(1500);
  });

  it('leaves a listener that does not read where it is, and tells it of a gap when it reads again', async () => {
    const ring = new CountingRing();
    const stream = open(ring);
    for (let number = 1; number <= 50_000; number += 1) {
      ring.put(String(number));
      if (number % 1000 === 0) await nextTurn();
    }
    expect(stream.readableLength).toBeLessThan(200_000);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    while (!text.includes('data: 50000\n')) await nextTurn();
    stream.destroy();
    const numbers = [...text.matchAll(/^data: (\d+)$/gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(text.match(/^event: gap$/gm)).toHaveLength(1);
    expect(numbers.length).toBeGreaterThan(18_000);
  });

  it('goes on behind the id that its listener names, and says so where it cannot', async () => {
    const ring = new CountingRing();
    for (const data of ['1', '2', '3']) ring.put(data);
    const textOf = async (lastEventId: string): Promise<string> => {
      const stream = open(ring, lastEventId);
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      for (let turn = 0; turn < 10; turn += 1) await nextTurn();
      stream.destroy();
      return text;
    };
    expect(await textOf(`${ring.run}.1`)).toMatch(/data: 2\n[^]*data: 3\n/);
    expect(await textOf('another.1')).toMatch(/event: gap/);
  });

  it('begins with an id, so that a listener that was told nothing yet misses nothing when it comes back', () => {
    const ring = new CountingRing();
    ring.put('1');
    const idOf = (stream: EventStream): string | undefined => {
      const text = String(stream.read());
      stream.destroy();
      return /^id: (.*)\n: hello$/m.exec(text)?.[1];
    };
    expect(idOf(open(ring))).toBe(`${ring.run}.1`);
    ring.put('2');
    // One that has come back, and is cut again before it was told what is behind its id.
    expect(idOf(open(ring, `${ring.run}.1`))).toBe(`${ring.run}.1`);
  });

  it('tells a gap before that id', () => {
    const stream = open(new EventRing(), 'another.1');
    expect(String(stream.read())).toMatch(/^event: gap\n[^]*\n\nid: .*\.0\n: hello\n\n$/);
    stream.destroy();
  });

  it('has a comment every 15 seconds, so that proxies leave it open, until its reader goes', () => {
    jest.useFakeTimers();
    try {
      const ring = new EventRing();
      const stream = open(ring);
      const read = (): string => String(stream.read() ?? '');
      expect(read()).toBe(`id: ${ring.run}.0\n: hello\n\n`);
      expect(read()).toBe('');
      jest.advanceTimersByTime(14_999);
      expect(read()).toBe('');
      jest.advanceTimersByTime(30_001);
      expect(read()).toBe(': heartbeat\n\n'.repeat(3));
      stream.destroy();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('sends what its view becomes when the grants of its caller change', async () => {
    const ring = new CountingRing();
    const stream = open(ring);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await nextTurn();
    stream.view = { ...ALL, key: 'nothing', isWanted: ({ data }) => data !== 'secret' };
    ring.put('secret');
    ring.put('public');
    while (!text.includes('public')) await nextTurn();
    stream.destroy();
    expect(text).not.toContain('secret');
  });
});
