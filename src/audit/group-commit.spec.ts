import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GroupCommit } from './group-commit.js';

const OPTIONS = { maxBatch: 3, maxWaiting: 6, deadlineMs: 1000 };

describe('GroupCommit', () => {
  let commits: {
    readonly items: readonly string[];
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[];
  let group: GroupCommit<string>;
  const settle = (): Promise<void> => jest.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    jest.useFakeTimers();
    commits = [];
    group = new GroupCommit(
      (items) => new Promise((resolve, reject) => commits.push({ items, resolve, reject })),
      OPTIONS,
    );
  });
  afterEach(() => void jest.useRealTimers());
  const batches = (): string[] => commits.map(({ items }) => items.join(''));

  it('commits together, in order, what is added while a commit is under way', async () => {
    const done: string[] = [];
    for (const item of ['a', 'b', 'c']) void group.add([item]).then(() => done.push(item));
    expect(batches()).toEqual(['a']);
    expect(group.waiting).toBe(3);
    commits[0]?.resolve();
    await settle();
    expect([batches(), done]).toEqual([['a', 'bc'], ['a']]);
    commits[1]?.resolve();
    await settle();
    expect([done, group.waiting]).toEqual([['a', 'b', 'c'], 0]);
  });

  it('bounds a commit, but never splits what was added together', async () => {
    for (const items of ['a', 'bb', 'ccc']) void group.add(items.split(''));
    // Over what may wait.
    await expect(group.add(['e'])).rejects.toMatchObject({ code: 'OVERFLOW' });
    for (let index = 0; index < 3; index += 1) {
      commits[index]?.resolve();
      await settle();
    }
    expect(batches()).toEqual(['a', 'bb', 'ccc']);
  });

  it('takes more than may wait when nothing else does', () => {
    void group.add('abcdefghij'.split(''));
    expect(batches()).toEqual(['abcdefghij']);
  });

  it('rejects only what a failed commit held', async () => {
    const first = group.add(['a']);
    const second = group.add(['b']);
    commits[0]?.reject(new Error('full'));
    await expect(first).rejects.toThrow('full');
    commits[1]?.resolve();
    await expect(second).resolves.toBeUndefined();
  });

  it('refuses everybody while a commit takes longer than the deadline, and goes on when it ends', async () => {
    const refused = ['a', 'b'].map((item) =>
      group.add([item]).catch((error: unknown) => (error as { code: string }).code),
    );
    await jest.advanceTimersByTimeAsync(1000);
    expect(await Promise.all(refused)).toEqual(['STALLED', 'STALLED']);
    expect([group.isStalled, group.waiting]).toEqual([true, 0]);
    await expect(group.add(['c'])).rejects.toMatchObject({ code: 'STALLED' });
    commits[0]?.resolve();
    await settle();
    expect(group.isStalled).toBe(false);
    void group.add(['d']);
    expect(batches()).toEqual(['a', 'd']);
  });

  it('resolves an empty addition after a commit of its own', async () => {
    void group.add(['a']);
    let isDone = false;
    void group.add([]).then(() => (isDone = true));
    commits[0]?.resolve();
    await settle();
    expect([batches(), isDone]).toEqual([['a', ''], false]);
    commits[1]?.resolve();
    await settle();
    expect(isDone).toBe(true);
  });
});
