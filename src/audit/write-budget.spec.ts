import { beforeEach, describe, expect, it } from '@jest/globals';
import { WriteBudget } from './write-budget.js';

describe('WriteBudget', () => {
  let budget: WriteBudget;
  /** The writes that have begun, in order; each ends when its function is called. */
  let begun: { readonly name: string; readonly end: () => void }[];

  beforeEach(() => {
    budget = new WriteBudget();
    begun = [];
  });
  const spend = (name: string, count: number): Promise<void> =>
    budget.spend(count, () => new Promise((end) => begun.push({ name, end })));
  const turn = (): Promise<void> => new Promise(setImmediate);
  const endFirst = async (): Promise<void> => {
    begun.shift()?.end();
    await turn();
  };
  const names = (): string[] => begun.map(({ name }) => name);

  it('is one for all calls: what finds no room waits, in order, and calls are told', async () => {
    for (const name of ['a', 'b', 'c', 'd']) void spend(name, 1000);
    expect([names(), budget.hasRoom]).toEqual([['a', 'b', 'c', 'd'], true]);
    for (const name of ['e', 'f']) void spend(name, 1000);
    // Would fit, but overtakes nobody.
    void spend('g', 0);
    expect([names(), budget.hasRoom]).toEqual([['a', 'b', 'c', 'd'], false]);
    await endFirst();
    expect(names()).toEqual(['b', 'c', 'd', 'e']);
    await endFirst();
    expect(names()).toEqual(['c', 'd', 'e', 'f', 'g']);
  });

  it('has room again when half of it is free', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) void spend(name, 1000);
    let hasRoom = false;
    void budget.room().then(() => (hasRoom = true));
    await endFirst();
    await endFirst();
    expect([hasRoom, budget.hasRoom]).toEqual([false, false]);
    await endFirst();
    expect([hasRoom, budget.hasRoom]).toEqual([true, true]);
    await budget.room();
  });

  it('lets one batch pass that is larger than all of it', async () => {
    void spend('large', 100_000);
    void spend('small', 1);
    expect(names()).toEqual(['large']);
    await endFirst();
    expect(names()).toEqual(['small']);
  });

  it('goes on after a write that failed', async () => {
    const failing = budget.spend(4000, () => Promise.reject(new Error('full')));
    void spend('next', 1);
    await expect(failing).rejects.toThrow('full');
    await turn();
    expect(names()).toEqual(['next']);
  });
});
