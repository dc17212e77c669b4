import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Lane } from './control-request.js';
import { RequestTable } from './request-table.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const nothing = (): void => undefined;

function asked(table: RequestTable, lane: Lane): { succeed: () => void } {
  const encoded = { commands: [{ command: 'disconnectClient' }], encoded: '{}', bytes: 2 };
  const number = table.nextNumber();
  const settling = { resolve: nothing, reject: nothing };
  const request = table.add('clientControl', number, encoded, { lane, signal: undefined }, settling);
  return { succeed: () => request.succeed({}) };
}

describe('RequestTable', () => {
  const newTable = (): RequestTable =>
    new RequestTable('prefix.', 1000, { onExpired: nothing, onSettled: nothing });

  it('takes callers with one command for there while they wait and shortly after', () => {
    const table = newTable();
    expect(table.hasSingles).toBe(false);
    const first = asked(table, 'single');
    const second = asked(table, 'single');
    first.succeed();
    jest.advanceTimersByTime(60);
    expect(table.hasSingles).toBe(true);
    second.succeed();
    jest.advanceTimersByTime(40);
    expect(table.hasSingles).toBe(true);
    jest.advanceTimersByTime(20);
    expect(table.hasSingles).toBe(false);
  });

  it.each(['bulk', 'own'] as const)('does not take a request in the lane %s for one of them', (lane) => {
    const table = newTable();
    asked(table, lane).succeed();
    asked(table, lane);
    expect(table.hasSingles).toBe(false);
  });
});
