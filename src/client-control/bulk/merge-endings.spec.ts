import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../errors/error-codes.js';
import type { Ending } from './bulk-item.js';
import { mergeEndings } from './merge-endings.js';

const done: Ending = { outcome: 'done', status: 200 };
const ended = (outcome: 'failed' | 'not-sent' | 'unknown', code: ErrorCode): Ending => ({
  outcome,
  status: 500,
  error: { code, message: '', status: 500 },
});
const elsewhere = ended('failed', 'CLIENT_NOT_FOUND');
const offline = ended('failed', 'CLIENT_NOT_CONNECTED');
const down = ended('not-sent', 'BROKER_UNAVAILABLE');
const silent = ended('unknown', 'BROKER_TIMEOUT');
const broken = ended('failed', 'BROKER_ERROR');

const merge = (...endings: readonly Ending[]): [string | undefined, Ending] => {
  const { broker, ending } = mergeEndings(endings.map((each, at) => ({ broker: `b${at}`, ending: each })));
  return [broker, ending];
};

describe('mergeEndings', () => {
  it('is done where one broker has done it', () => {
    expect(merge(elsewhere, done, offline)).toEqual(['b1', done]);
  });

  it('names brokers that did not say whether the client is there', () => {
    expect(merge(down, done, silent)).toEqual(['b1', { ...done, fields: { notAnswered: ['b0', 'b2'] } }]);
  });

  it('is what is least certain where none has done it', () => {
    expect(merge(elsewhere, down, silent, broken)).toEqual(['b2', silent]);
    expect(merge(elsewhere, down, broken)).toEqual(['b2', broken]);
    expect(merge(elsewhere, down, offline)).toEqual(['b1', down]);
    expect(merge(elsewhere, offline)).toEqual(['b1', offline]);
  });

  it('is not found where no broker knows the client', () => {
    expect(merge(elsewhere, elsewhere)).toEqual([undefined, elsewhere]);
  });
});
