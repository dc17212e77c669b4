import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Operation, Work } from '../../src/index.js';
import { EXIT } from '../exit-code.js';
import { Session } from '../service/session.js';
import { runBulk } from './run-bulk.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

describe('runBulk, stopped before it began', () => {
  const heard = new Map<NodeJS.Signals, readonly NodeJS.SignalsListener[]>();
  let session: Session;
  beforeEach(() => {
    for (const signal of SIGNALS) heard.set(signal, process.listeners(signal));
    // Nobody listens there: what was sent would fail.
    session = new Session({ output: 'ndjson', url: 'http://127.0.0.1:9' });
    session.interruption.interrupt();
  });
  afterEach(() => {
    for (const signal of SIGNALS)
      for (const listener of process.listeners(signal))
        if (heard.get(signal)?.includes(listener) !== true) process.off(signal, listener);
  });

  const left: Operation[] = [];
  const run = (work: Work, total: number | undefined): Promise<number> =>
    runBulk(
      session,
      { projectId: 'p' },
      work,
      total,
      {},
      {
        notSent: (operation) => void left.push(operation),
        unknown: () => undefined,
      },
    );

  it('leaves all operations', async () => {
    const operations = ['a', 'b', 'c'].map((clientid): Operation => ({ action: 'disconnect', clientid }));
    expect(await run(operations, operations.length)).toBe(EXIT.someFailed);
    expect(left).toEqual(operations);
  });

  it('does not send a selection, and does not say that nobody knows', async () => {
    const work = { select: { clientid: 'a*' }, actions: [{ action: 'disconnect' as const }] };
    await expect(run(work, 3)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
