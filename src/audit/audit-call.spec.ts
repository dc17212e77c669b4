import { beforeEach, describe, expect, it } from '@jest/globals';
import { AppError } from '../errors/app-error.js';
import { RequestRecord } from '../http/request-record.js';
import { AuditCall } from './audit-call.js';
import { itemRecords, type AuditRecord, type EndedItem } from './audit-record.js';
import { WriteBudget } from './write-budget.js';

const item = (index: number): EndedItem => ({
  index,
  broker: 'b',
  action: 'disconnect',
  clientId: `client-${index}`,
  outcome: 'OK',
});

describe.each([
  ['records', false],
  ['lines', true],
])('AuditCall, on a store that takes %s', (_kind, takesLines) => {
  let request: RequestRecord;
  let written: AuditRecord[];
  /** Lets the writes that are under way end, with this many records lost. */
  let finish: ((lost: number) => void)[];
  let endedCalls: AuditCall[];
  let isInstant: boolean;
  let call: AuditCall;

  const write = (records: readonly AuditRecord[]): Promise<number> => {
    written.push(...records);
    return isInstant ? Promise.resolve(0) : new Promise((resolve) => finish.push(resolve));
  };
  const open = (isRequired: boolean): AuditCall =>
    new AuditCall(
      {
        isRequired,
        takesLines,
        budget: new WriteBudget(),
        write,
        writeLines: (lines, count) => {
          const records = lines
            .toString()
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as AuditRecord);
          expect(records).toHaveLength(count);
          return write(records);
        },
        notSent: () => new AppError('INTERNAL_ERROR', 'not sent'),
        notConcluded: () => new AppError('INTERNAL_ERROR', 'not concluded'),
        onEnd: (ended) => endedCalls.push(ended),
      },
      request,
    );

  beforeEach(() => {
    request = new RequestRecord();
    request.caller = { id: 'token:ops', name: 'ops', kind: 'token', grants: [] };
    request.audited = { requestId: 'r', address: '::1' };
    request.project = 'p';
    request.reason = 'moved';
    written = [];
    finish = [];
    endedCalls = [];
    isInstant = true;
    call = open(false);
  });

  it('writes a record for each item, and one for the call last, with its numbers', async () => {
    for (let index = 0; index < 3; index += 1) call.conclude(item(index));
    expect(await call.end({ total: 3, done: 3 })).toBeUndefined();
    expect(written.map(({ index, clientId }) => [index, clientId])).toEqual([
      [0, 'client-0'],
      [1, 'client-1'],
      [2, 'client-2'],
      [undefined, undefined],
    ]);
    expect(
      written.every(
        ({ callId, reason, requestId }) => callId === call.id && reason === 'moved' && requestId === 'r',
      ),
    ).toBe(true);
    expect(written[3]).toMatchObject({ outcome: 'OK', details: { summary: { total: 3, done: 3 } } });
  });

  it('writes the same of an item, whichever way', async () => {
    const ended: EndedItem = {
      index: 7,
      broker: 'b"\n',
      action: 'subscribe',
      clientId: 'ü\u0000'.repeat(3000),
      topic: 'a/\u0001/"',
      outcome: 'BROKER_TIMEOUT',
      outcomeDetail: 'unknown',
    };
    call.conclude(ended);
    await call.end({ total: 1 });
    const record = JSON.parse(JSON.stringify(written[0])) as AuditRecord;
    const made = itemRecords(request)(ended, ended.outcome, ended.outcomeDetail);
    const expected = JSON.parse(
      JSON.stringify({ ...made, time: record.time, durationMs: record.durationMs }),
    ) as AuditRecord;
    expect(record).toEqual(expected);
    expect(Object.keys(record)).toEqual(Object.keys(expected));
  });

  it('writes its end once, however often it is told', async () => {
    await Promise.all([call.end({ total: 0 }), call.end({ total: 1 }), call.end({}, 'INTERNAL_ERROR')]);
    expect(written).toHaveLength(1);
    expect(endedCalls).toEqual([call]);
  });

  it('announces nothing unless the trail is required', async () => {
    await call.announce([item(0)]);
    expect(written).toEqual([]);
  });

  it('announces the call before its first items where the trail is required', async () => {
    call = open(true);
    await call.announce([item(0), item(1)]);
    await call.announce([item(2)]);
    expect(written.map(({ outcome, index }) => [outcome, index])).toEqual([
      ['STARTED', undefined],
      ['STARTED', 0],
      ['STARTED', 1],
      ['STARTED', 2],
    ]);
  });

  it('does not let items be sent that cannot be announced', async () => {
    isInstant = false;
    call = open(true);
    const announced = call.announce([item(0)]);
    finish.pop()?.(2);
    await expect(announced).rejects.toThrow('not sent');
  });

  it('says that the trail is behind before much waits, and when there is room again', async () => {
    isInstant = false;
    let count = 0;
    while (call.conclude(item(count))) count += 1;
    expect(count).toBeLessThan(5000);
    let hasRoom = false;
    void call.room().then(() => (hasRoom = true));
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    for (const end of finish.splice(0)) end(0);
    await call.room();
    expect(call.conclude(item(count))).toBe(true);
    // What is gathered is written a moment later.
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('counts what was lost, and ends with an error if the trail is required', async () => {
    isInstant = false;
    for (const [isRequired, error] of [
      [false, undefined],
      [true, 'not concluded'],
    ] as const) {
      request.callId = undefined;
      call = open(isRequired);
      call.conclude(item(0));
      const ended = call.end({ total: 1 });
      finish.pop()?.(1);
      // The call's own record follows.
      while (finish.length === 0) await new Promise(setImmediate);
      finish.pop()?.(0);
      expect((await ended)?.message).toBe(error);
      expect(call.lostCount).toBe(1);
    }
  });
});
