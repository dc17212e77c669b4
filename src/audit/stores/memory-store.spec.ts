import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditRecord } from '../audit-record.js';
import type { AuditPage, AuditQuery } from './audit-store.js';
import { MemoryStore } from './memory-store.js';

const START = Date.UTC(2026, 0, 1);
const ALL: AuditQuery = { scope: [{ project: 'p' }], filter: {}, limit: 1000 };

let store: MemoryStore;
let count: number;

beforeEach(() => {
  store = new MemoryStore();
  count = 0;
});

const record = (clientId: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  time: new Date(START + count++).toISOString(),
  project: 'p',
  broker: 'b',
  action: 'disconnect',
  clientId,
  outcome: 'OK',
  durationMs: 1,
  ...more,
});
const add = (...records: readonly AuditRecord[]): Promise<void> => store.append(records);
const items = (number: number): AuditRecord[] =>
  Array.from({ length: number }, (_, index) => record(`item-${index}`, { callId: 'c', index }));
const page = (more: Partial<AuditQuery> = {}): Promise<AuditPage> => store.read({ ...ALL, ...more });
const idsOf = ({ records }: AuditPage): unknown[] =>
  records.map((text) => (JSON.parse(text) as AuditRecord).clientId);

describe('the audit trail in memory', () => {
  it('keeps who made a call, and what else was done, however many items the call has', async () => {
    await add(record('before'), ...items(25_000), record('after'));
    const seen: unknown[] = [];
    let cursor: string | undefined;
    do {
      const answer = await page({ cursor });
      seen.push(...idsOf(answer));
      cursor = answer.next;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(10_002);
    expect(seen.slice(0, 2)).toEqual(['after', 'item-24999']);
    expect(seen.slice(-2)).toEqual(['item-15000', 'before']);
  });

  it('keeps the last 10,000 actions, and says since when', async () => {
    await add(...Array.from({ length: 10_003 }, (_, number) => record(`action-${number}`)));
    const { oldest, records } = await page();
    expect(oldest).toBe(new Date(START + 3).toISOString());
    expect(records).toHaveLength(1000);
    expect(await page({ limit: 1 }).then(idsOf)).toEqual(['action-10002']);
  });

  it('knows no cursor of another run', async () => {
    await add(record('a'), record('b'));
    const { next } = await page({ limit: 1 });
    if (next === undefined) throw new Error('no cursor');
    expect(await page({ cursor: next }).then(idsOf)).toEqual(['a']);
    const other = new MemoryStore();
    await expect(other.read({ ...ALL, cursor: next })).rejects.toMatchObject({ code: 'INVALID' });
  });
});
