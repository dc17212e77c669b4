import { describe, expect, it } from '@jest/globals';
import { BrokerSearch, type ReadPage } from './broker-search.js';

const wanted = (): boolean => true;
const LAST = 25;

/** A list of 25 clients that is read in pages of at most `most`; keeps what was asked for. */
function listOf(most: number): { readonly asked: string[]; readonly readPage: ReadPage } {
  const asked: string[] = [];
  return {
    asked,
    readPage: (from, size) => {
      asked.push(`${from ?? 'start'} ${size}`);
      const begin = Number(from ?? 0);
      const end = Math.min(begin + Math.min(size, most), LAST);
      const clients = Array.from({ length: end - begin }, (_, at) => ({ clientid: `c${begin + at}` }));
      return Promise.resolve({ clients, next: end === LAST ? null : String(end) });
    },
  };
}

describe('BrokerSearch', () => {
  it('reads as far as there is room, then on from there', async () => {
    const { asked, readPage } = listOf(10);
    const search = new BrokerSearch(readPage, undefined);
    await search.readTo(12, wanted);
    expect([search.clients.length, search.next]).toEqual([12, '12']);
    await search.readTo(100, wanted);
    expect(search.clients.map(({ clientid }) => clientid)).toEqual(
      Array.from({ length: LAST }, (_, at) => `c${at}`),
    );
    expect(search.next).toBeNull();
    expect(asked).toEqual(['start 12', '10 2', '12 88', '22 78']);
  });

  it('reads the last part again where there is less room than it holds', async () => {
    const { asked, readPage } = listOf(10);
    const search = new BrokerSearch(readPage, undefined);
    await search.readTo(20, wanted);
    await search.readTo(13, wanted);
    expect([search.clients.length, search.next]).toEqual([13, '13']);
    expect(asked).toEqual(['start 20', '10 10', '10 3']);
  });

  it.each([undefined, '5'])('without room goes on where it began, at %s', async (start) => {
    const search = new BrokerSearch(listOf(10).readPage, start);
    await search.readTo(10, wanted);
    await search.readTo(0, wanted);
    expect([search.clients, search.next]).toEqual([[], start]);
  });

  it('ends between two pages when it is not wanted any more', async () => {
    const { asked, readPage } = listOf(10);
    const search = new BrokerSearch(readPage, undefined);
    await search.readTo(100, () => asked.length < 2);
    expect(asked).toHaveLength(2);
    expect(search.failure).toBeUndefined();
  });

  it('keeps the failure of a broker, and asks it no more', async () => {
    let asked = 0;
    const search = new BrokerSearch(() => {
      asked += 1;
      return Promise.reject(new Error('gone'));
    }, undefined);
    await search.readTo(10, wanted);
    await search.readTo(10, wanted);
    expect(search.failure).toMatchObject({ message: 'gone' });
    expect(asked).toBe(1);
  });
});
